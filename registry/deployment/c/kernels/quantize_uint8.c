#include "kernels.h"

#include <math.h>

void zoo_quantize_uint8(size_t count, const zoo_scale *scale, const float *input, uint8_t *output)
{
    const float least = (float)(0 - scale->zero_point), most = (float)(255 - scale->zero_point);
    for (size_t i = 0; i < count; i++) {
        const float steps = roundf(input[i] / scale->scale);
        const float raised = steps > least ? steps : least; /* also what is no number */
        output[i] = (uint8_t)((int32_t)(raised < most ? raised : most) + scale->zero_point);
    }
}
