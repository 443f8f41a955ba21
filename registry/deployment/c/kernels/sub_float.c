#include "kernels.h"

void zoo_sub_float(const zoo_pairs *pairs, const zoo_limits *limits, const float *first,
                   const float *second, float *output)
{
    const int32_t *sizes = pairs->sizes, *one = pairs->first_distances, *other = pairs->second_distances;
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                const float *a = first + i * one[0] + j * one[1] + k * one[2];
                const float *b = second + i * other[0] + j * other[1] + k * other[2];
                for (int32_t l = 0; l < sizes[3]; l++, a += one[3], b += other[3]) {
                    *output++ = zoo_limited(*a - *b, limits);
                }
            }
        }
    }
}
