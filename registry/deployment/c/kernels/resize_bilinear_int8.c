#include "kernels.h"

/* Fixed point with 10 bits after the point, as TensorFlow Lite's ResizeBilinearInteger has it
 * (tensorflow/lite/kernels/internal/reference/resize_bilinear.h). */
enum { ONE = 1 << 10 };

typedef struct {
    int32_t lower, upper; /* the two inputs that an output lies between */
    int32_t share;        /* of the upper one, in units of 1 / ONE */
} between;

static int32_t scale_of(int32_t input, int32_t output, int align_corners)
{
    if (align_corners && output > 1) {
        return (ONE * (input - 1) + (output - 1) / 2) / (output - 1);
    }
    return (ONE * input + output / 2) / output;
}

static between place_of(int32_t output, int32_t scale, int half_pixel_centers, int32_t size)
{
    const int32_t place = half_pixel_centers ? output * scale + scale / 2 - ONE / 2 : output * scale;
    const int32_t lower = zoo_greatest(place / ONE, 0);
    const int32_t upper = zoo_least((place + ONE - 1) / ONE, size - 1);
    const between found = {zoo_least(lower, size - 1), upper, place - ONE * lower};
    return found;
}

static int8_t blended(int8_t a, int8_t b, int8_t c, int8_t d, int32_t down, int32_t right)
{
    const int64_t upper = (int64_t)a * (ONE - right) + (int64_t)b * right;
    const int64_t lower = (int64_t)c * (ONE - right) + (int64_t)d * right;
    const int64_t sum = upper * (ONE - down) + lower * down;
    return (int8_t)((sum + (sum > 0 ? ONE * ONE / 2 : -ONE * ONE / 2)) / (ONE * ONE));
}

void zoo_resize_bilinear_int8(const zoo_resize *resize, const int8_t *input, int8_t *output)
{
    const int32_t row_scale = scale_of(resize->input_rows, resize->output_rows, resize->align_corners);
    const int32_t column_scale = scale_of(resize->input_columns, resize->output_columns, resize->align_corners);
    const size_t channels = (size_t)resize->channels, row_values = (size_t)resize->input_columns * channels;
    for (int32_t y = 0; y < resize->output_rows; y++) {
        const between row = place_of(y, row_scale, resize->half_pixel_centers, resize->input_rows);
        const int8_t *above = input + (size_t)row.lower * row_values, *below = input + (size_t)row.upper * row_values;
        for (int32_t x = 0; x < resize->output_columns; x++) {
            const between column = place_of(x, column_scale, resize->half_pixel_centers, resize->input_columns);
            const size_t left = (size_t)column.lower * channels, right = (size_t)column.upper * channels;
            for (size_t channel = 0; channel < channels; channel++) {
                *output++ = blended(above[left + channel], above[right + channel], below[left + channel],
                                    below[right + channel], row.share, column.share);
            }
        }
    }
}
