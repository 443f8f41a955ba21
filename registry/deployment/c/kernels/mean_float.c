#include "kernels.h"

void zoo_mean_float(const zoo_rows *shape, const float *input, float *output)
{
    for (int32_t channel = 0; channel < shape->columns; channel++) {
        float sum = 0.0f;
        for (int32_t place = 0; place < shape->rows; place++) {
            sum += input[(size_t)place * (size_t)shape->columns + (size_t)channel];
        }
        output[channel] = sum / (float)shape->rows;
    }
}
