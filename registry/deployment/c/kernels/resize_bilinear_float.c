#include "kernels.h"

#include <math.h>

typedef struct {
    int32_t lower, upper; /* the two inputs that an output lies between */
    float share;          /* of the upper one */
} between;

static between place_of(int32_t output, int32_t input_size, int32_t output_size, const zoo_resize *resize)
{
    const int corners = resize->align_corners && output_size > 1;
    const float scale = corners ? (float)(input_size - 1) / (float)(output_size - 1)
                                : (float)input_size / (float)output_size;
    const float place = resize->half_pixel_centers ? ((float)output + 0.5f) * scale - 0.5f : (float)output * scale;
    const int32_t lower = zoo_greatest((int32_t)floorf(place), 0);
    const between found = {zoo_least(lower, input_size - 1), zoo_least((int32_t)ceilf(place), input_size - 1),
                           place - (float)lower};
    return found;
}

void zoo_resize_bilinear_float(const zoo_resize *resize, const float *input, float *output)
{
    const size_t channels = (size_t)resize->channels, row_values = (size_t)resize->input_columns * channels;
    for (int32_t y = 0; y < resize->output_rows; y++) {
        const between row = place_of(y, resize->input_rows, resize->output_rows, resize);
        const float *above = input + (size_t)row.lower * row_values, *below = input + (size_t)row.upper * row_values;
        for (int32_t x = 0; x < resize->output_columns; x++) {
            const between column = place_of(x, resize->input_columns, resize->output_columns, resize);
            const size_t left = (size_t)column.lower * channels, right = (size_t)column.upper * channels;
            for (size_t channel = 0; channel < channels; channel++) {
                *output++ = above[left + channel] * (1.0f - row.share) * (1.0f - column.share)
                            + below[left + channel] * row.share * (1.0f - column.share)
                            + above[right + channel] * (1.0f - row.share) * column.share
                            + below[right + channel] * row.share * column.share;
            }
        }
    }
}
