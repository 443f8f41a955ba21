#include "kernels.h"

void zoo_mul_int8(const zoo_pairs *pairs, const zoo_product8 *product, const zoo_output8 *how, const int8_t *first,
                  const int8_t *second, int8_t *output)
{
    const int32_t *sizes = pairs->sizes, *one = pairs->first_distances, *other = pairs->second_distances;
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                const int8_t *a = first + i * one[0] + j * one[1] + k * one[2];
                const int8_t *b = second + i * other[0] + j * other[1] + k * other[2];
                for (int32_t l = 0; l < sizes[3]; l++, a += one[3], b += other[3]) {
                    const int32_t value = (*a - product->first_zero_point) * (*b - product->second_zero_point);
                    *output++ = zoo_to_int8(zoo_rescale(value, product->multiplier, product->shift), how);
                }
            }
        }
    }
}
