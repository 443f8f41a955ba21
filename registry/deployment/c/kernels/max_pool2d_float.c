#include "kernels.h"

#include <float.h>

static float pooled(const zoo_window *window, const float *input, int32_t row, int32_t column, int32_t channel)
{
    const int32_t top = row * window->row_stride - window->rows_above;
    const int32_t left = column * window->column_stride - window->columns_before;
    const int32_t bottom = zoo_least(top + window->rows, window->input_rows);
    const int32_t right = zoo_least(left + window->columns, window->input_columns);
    float found = -FLT_MAX;
    for (int32_t y = zoo_greatest(top, 0); y < bottom; y++) {
        for (int32_t x = zoo_greatest(left, 0); x < right; x++) {
            const size_t place = (size_t)y * (size_t)window->input_columns + (size_t)x;
            const float value = input[place * (size_t)window->input_channels + (size_t)channel];
            found = value > found ? value : found;
        }
    }
    return found;
}

void zoo_max_pool2d_float(const zoo_window *window, const zoo_limits *limits, const float *input, float *output)
{
    for (int32_t y = 0; y < window->output_rows; y++) {
        for (int32_t x = 0; x < window->output_columns; x++) {
            for (int32_t channel = 0; channel < window->output_channels; channel++) {
                *output++ = zoo_limited(pooled(window, input, y, x, channel), limits);
            }
        }
    }
}
