#include "kernels.h"

/* Add what one place of the window gives. Output channels run innermost, so that the compiler may use vectors without
 * changing the order of any sum. */
static void add_place(int32_t inputs, int32_t outputs, const float *restrict input, const float *restrict weights,
                      float *restrict sums)
{
    for (int32_t i = 0; i < inputs; i++, weights += outputs) {
        const float value = input[i];
        for (int32_t channel = 0; channel < outputs; channel++) {
            sums[channel] += value * weights[channel];
        }
    }
}

static void add_window(const zoo_window *window, const float *input, int32_t row, int32_t column,
                       const float *weights, float *sums)
{
    const int32_t top = row * window->row_stride - window->rows_above;
    const int32_t left = column * window->column_stride - window->columns_before;
    const size_t place_weights = (size_t)window->input_channels * (size_t)window->output_channels;
    for (int32_t window_row = 0; window_row < window->rows; window_row++) {
        const int32_t y = top + window_row * window->row_step;
        for (int32_t window_column = 0; window_column < window->columns; window_column++) {
            const int32_t x = left + window_column * window->column_step;
            if (y >= 0 && y < window->input_rows && x >= 0 && x < window->input_columns) {
                const size_t place = (size_t)y * (size_t)window->input_columns + (size_t)x;
                add_place(window->input_channels, window->output_channels,
                          input + place * (size_t)window->input_channels, weights, sums);
            }
            weights += place_weights;
        }
    }
}

void zoo_conv2d_float(const zoo_window *window, const zoo_limits *limits, const float *input, const float *weights,
                      const float *bias, float *output)
{
    for (int32_t y = 0; y < window->output_rows; y++) {
        for (int32_t x = 0; x < window->output_columns; x++, output += window->output_channels) {
            for (int32_t channel = 0; channel < window->output_channels; channel++) {
                output[channel] = 0.0f;
            }
            add_window(window, input, y, x, weights, output);
            for (int32_t channel = 0; channel < window->output_channels; channel++) {
                output[channel] = zoo_limited(output[channel] + bias[channel], limits);
            }
        }
    }
}
