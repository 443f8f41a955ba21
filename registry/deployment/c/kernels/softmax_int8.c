#include "kernels.h"

#include <math.h>

void zoo_softmax_int8(const zoo_rows *shape, const zoo_scale *scale, const int8_t *input, const float *powers,
                      int8_t *output)
{
    for (int32_t row = 0; row < shape->rows; row++, input += shape->columns, output += shape->columns) {
        int32_t greatest = INT8_MIN;
        for (int32_t column = 0; column < shape->columns; column++) {
            greatest = zoo_greatest(greatest, input[column]);
        }
        float sum = 0.0f;
        for (int32_t column = 0; column < shape->columns; column++) {
            sum += powers[greatest - input[column]];
        }
        for (int32_t column = 0; column < shape->columns; column++) {
            const float steps = roundf(powers[greatest - input[column]] / (sum * scale->scale));
            const float limited = steps < (float)(127 - scale->zero_point) ? steps : (float)(127 - scale->zero_point);
            output[column] = (int8_t)((int32_t)limited + scale->zero_point);
        }
    }
}
