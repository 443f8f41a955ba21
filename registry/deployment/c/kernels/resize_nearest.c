#include "kernels.h"

void zoo_resize_nearest(const zoo_resize *resize, size_t bytes, const void *input, const int32_t *rows,
                        const int32_t *columns, void *output)
{
    const size_t pixel = (size_t)resize->channels * bytes;
    const unsigned char *from = input;
    unsigned char *to = output;
    for (int32_t y = 0; y < resize->output_rows; y++) {
        const unsigned char *row = from + (size_t)rows[y] * (size_t)resize->input_columns * pixel;
        for (int32_t x = 0; x < resize->output_columns; x++, to += pixel) {
            memcpy(to, row + (size_t)columns[x] * pixel, pixel);
        }
    }
}
