#include "kernels.h"

void zoo_mean_int8(const zoo_mean8 *mean, const zoo_output8 *how, const int8_t *input, int8_t *output)
{
    for (int32_t channel = 0; channel < mean->channels; channel++) {
        int32_t sum = 0;
        for (int32_t place = 0; place < mean->places; place++) {
            sum += input[(size_t)place * (size_t)mean->channels + (size_t)channel] - mean->zero_point;
        }
        output[channel] = zoo_to_int8(zoo_rescale(sum, mean->multiplier, mean->shift), how);
    }
}
