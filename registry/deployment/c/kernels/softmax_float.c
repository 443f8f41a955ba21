#include "kernels.h"

#include <math.h>

void zoo_softmax_float(const zoo_rows *shape, float beta, const float *input, float *output)
{
    for (int32_t row = 0; row < shape->rows; row++, input += shape->columns, output += shape->columns) {
        float greatest = input[0], sum = 0.0f;
        for (int32_t column = 1; column < shape->columns; column++) {
            greatest = input[column] > greatest ? input[column] : greatest;
        }
        for (int32_t column = 0; column < shape->columns; column++) {
            output[column] = expf((input[column] - greatest) * beta);
            sum += output[column];
        }
        for (int32_t column = 0; column < shape->columns; column++) {
            output[column] /= sum;
        }
    }
}
