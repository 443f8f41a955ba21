#include "kernels.h"

/* The input values under one window, one after the other. What lies outside the input stands for zero. */
static const int8_t *values_under(const zoo_window *window, const int8_t *input, int32_t row, int32_t column,
                                  int8_t zero, int8_t *values)
{
    const size_t channels = (size_t)window->input_channels;
    const int32_t top = row * window->row_stride - window->rows_above;
    const int32_t left = column * window->column_stride - window->columns_before;
    if (window->rows == 1 && window->columns == 1 && window->rows_above == 0 && window->columns_before == 0
        && top < window->input_rows && left < window->input_columns) {
        return input + ((size_t)top * (size_t)window->input_columns + (size_t)left) * channels;
    }
    int8_t *to = values;
    for (int32_t window_row = 0; window_row < window->rows; window_row++) {
        const int32_t y = top + window_row * window->row_step;
        for (int32_t window_column = 0; window_column < window->columns; window_column++, to += channels) {
            const int32_t x = left + window_column * window->column_step;
            if (y < 0 || y >= window->input_rows || x < 0 || x >= window->input_columns) {
                memset(to, zero, channels);
            } else {
                memcpy(to, input + ((size_t)y * (size_t)window->input_columns + (size_t)x) * channels, channels);
            }
        }
    }
    return values;
}

static int32_t dot(const int8_t *restrict values, const int8_t *restrict weights, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (int16_t)(values[i] * weights[i]);
    }
    return sum;
}

void zoo_conv2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, const int32_t *multipliers, const int8_t *shifts, int8_t input_zero_point,
                     int8_t *column, int8_t *output)
{
    const size_t count = (size_t)window->rows * (size_t)window->columns * (size_t)window->input_channels;
    for (int32_t y = 0; y < window->output_rows; y++) {
        for (int32_t x = 0; x < window->output_columns; x++) {
            const int8_t *values = values_under(window, input, y, x, input_zero_point, column);
            const int8_t *kernel = weights;
            for (int32_t channel = 0; channel < window->output_channels; channel++, kernel += count) {
                const int32_t sum = dot(values, kernel, count) + bias[channel];
                *output++ = zoo_to_int8(zoo_rescale(sum, multipliers[channel], shifts[channel]), how);
            }
        }
    }
}
