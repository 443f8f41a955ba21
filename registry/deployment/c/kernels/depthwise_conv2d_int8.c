#include "kernels.h"

/* Add what one place of the window gives to the sums of all channels. */
static void add_place(int32_t channels, int32_t each, const int8_t *restrict input, int32_t zero_point,
                      const int8_t *restrict weights, int32_t *restrict sums)
{
    if (each == 1) {
        for (int32_t channel = 0; channel < channels; channel++) {
            sums[channel] += (input[channel] - zero_point) * weights[channel];
        }
        return;
    }
    for (int32_t channel = 0; channel < channels; channel++) {
        const int32_t value = input[channel] - zero_point;
        for (int32_t one = 0; one < each; one++) {
            *sums++ += value * *weights++;
        }
    }
}

static void add_window(const zoo_window *window, const int8_t *input, int32_t row, int32_t column,
                       const int8_t *weights, int32_t zero_point, int32_t *sums)
{
    const int32_t channels = window->input_channels, each = window->output_channels / channels;
    const int32_t top = row * window->row_stride - window->rows_above;
    const int32_t left = column * window->column_stride - window->columns_before;
    for (int32_t window_row = 0; window_row < window->rows; window_row++) {
        const int32_t y = top + window_row * window->row_step;
        for (int32_t window_column = 0; window_column < window->columns; window_column++) {
            const int32_t x = left + window_column * window->column_step;
            if (y >= 0 && y < window->input_rows && x >= 0 && x < window->input_columns) {
                const size_t place = (size_t)y * (size_t)window->input_columns + (size_t)x;
                add_place(channels, each, input + place * (size_t)channels, zero_point, weights, sums);
            }
            weights += window->output_channels;
        }
    }
}

void zoo_depthwise_conv2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input,
                               const int8_t *weights, const int32_t *bias, const int32_t *multipliers,
                               const int8_t *shifts, int8_t input_zero_point, int32_t *sums, int8_t *output)
{
    for (int32_t y = 0; y < window->output_rows; y++) {
        for (int32_t x = 0; x < window->output_columns; x++) {
            memcpy(sums, bias, (size_t)window->output_channels * sizeof *sums);
            add_window(window, input, y, x, weights, input_zero_point, sums);
            for (int32_t channel = 0; channel < window->output_channels; channel++) {
                *output++ = zoo_to_int8(zoo_rescale(sums[channel], multipliers[channel], shifts[channel]), how);
            }
        }
    }
}
