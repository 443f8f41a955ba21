#include "kernels.h"

static int8_t pooled(const zoo_window *window, const int8_t *input, int32_t row, int32_t column, int32_t channel)
{
    const int32_t top = row * window->row_stride - window->rows_above;
    const int32_t left = column * window->column_stride - window->columns_before;
    const int32_t bottom = zoo_least(top + window->rows, window->input_rows);
    const int32_t right = zoo_least(left + window->columns, window->input_columns);
    int32_t sum = 0, count = 0;
    for (int32_t y = zoo_greatest(top, 0); y < bottom; y++) {
        for (int32_t x = zoo_greatest(left, 0); x < right; x++) {
            const size_t place = (size_t)y * (size_t)window->input_columns + (size_t)x;
            const int8_t value = input[place * (size_t)window->input_channels + (size_t)channel];
            sum += value;
            count++;
        }
    }
    if (count == 0) {
        return 0;
    }
    /* to the nearest, halves away from zero */
    return (int8_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
}

void zoo_average_pool2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input, int8_t *output)
{
    for (int32_t y = 0; y < window->output_rows; y++) {
        for (int32_t x = 0; x < window->output_columns; x++) {
            for (int32_t channel = 0; channel < window->output_channels; channel++) {
                *output++ = (int8_t)zoo_least(zoo_greatest(pooled(window, input, y, x, channel), how->least), how->most);
            }
        }
    }
}
