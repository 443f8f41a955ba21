#include "kernels.h"

void zoo_argmax_float(const zoo_rows *shape, const float *input, int32_t *output)
{
    for (int32_t row = 0; row < shape->rows; row++, input += shape->columns) {
        int32_t best = 0;
        for (int32_t column = 1; column < shape->columns; column++) {
            best = input[column] > input[best] ? column : best;
        }
        output[row] = best;
    }
}
