#include "kernels.h"

void zoo_dequantize_int8(size_t count, const zoo_scale *scale, const int8_t *input, float *output)
{
    for (size_t i = 0; i < count; i++) {
        output[i] = scale->scale * (float)(input[i] - scale->zero_point);
    }
}
