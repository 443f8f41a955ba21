#include "kernels.h"

static void add_place(int32_t channels, int32_t each, const float *restrict input, const float *restrict weights,
                      float *restrict sums)
{
    if (each == 1) {
        for (int32_t channel = 0; channel < channels; channel++) {
            sums[channel] += input[channel] * weights[channel];
        }
        return;
    }
    for (int32_t channel = 0; channel < channels; channel++) {
        for (int32_t one = 0; one < each; one++) {
            *sums++ += input[channel] * *weights++;
        }
    }
}

static void add_window(const zoo_window *window, const float *input, int32_t row, int32_t column,
                       const float *weights, float *sums)
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
                add_place(channels, each, input + place * (size_t)channels, weights, sums);
            }
            weights += window->output_channels;
        }
    }
}

void zoo_depthwise_conv2d_float(const zoo_window *window, const zoo_limits *limits, const float *input,
                                const float *weights, const float *bias, float *output)
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
