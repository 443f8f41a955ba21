/* Kernels of neural networks in C99, batch 1, channels last.
 *
 * A quantized value stands for the real number scale * (stored - zero point). Sums are exact in 32 bits; the step
 * back to 8 bits is the fixed-point product of TensorFlow Lite's reference kernels (zoo_rescale below), which takes
 * for granted that a right shift keeps the sign, as all compilers for these processors have it.
 * Several networks in one program share these files.
 */
#ifndef ZOO_KERNELS_H
#define ZOO_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A window that moves over rows and columns. */
typedef struct {
    int32_t input_rows, input_columns, input_channels;
    int32_t output_rows, output_columns, output_channels;
    int32_t rows, columns;               /* of the window */
    int32_t row_stride, column_stride;   /* from one output to the next */
    int32_t row_step, column_step;       /* from one value of the window to the next: the dilation */
    int32_t rows_above, columns_before;  /* of padding */
} zoo_window;

/* How sums become 8-bit values. */
typedef struct {
    int32_t zero_point;
    int32_t least, most;
} zoo_output8;

/* Limits of an activation. */
typedef struct {
    float least, most;
} zoo_limits;

/* Two inputs of an operation by value: distances are 0 along a dimension that is repeated. */
typedef struct {
    int32_t sizes[4];
    int32_t first_distances[4], second_distances[4];
} zoo_pairs;

/* An 8-bit sum: both inputs are brought to one scale, 1 << 20 times finer than twice the coarser one. */
typedef struct {
    int32_t first_zero_point, second_zero_point;
    int32_t first_multiplier, first_shift;
    int32_t second_multiplier, second_shift;
    int32_t multiplier, shift;
} zoo_sum8;

/* An 8-bit product. */
typedef struct {
    int32_t first_zero_point, second_zero_point;
    int32_t multiplier, shift;
} zoo_product8;

/* A mean over rows and columns: the sum, less its share of the zero point, is scaled once. */
typedef struct {
    int32_t places, channels;
    int32_t zero_point;
    int32_t multiplier, shift;
} zoo_mean8;

/* Pieces of `bytes` that lie `from_distance` and `to_distance` apart. */
typedef struct {
    size_t count, bytes, from_distance, to_distance, to_start;
} zoo_pieces;

/* Values before and after each of four dimensions. */
typedef struct {
    int32_t sizes[4], before[4], after[4];
    size_t value_bytes;
} zoo_margins;

typedef struct {
    int32_t input_rows, input_columns, channels, output_rows, output_columns;
    int align_corners, half_pixel_centers;
} zoo_resize;

/* Rows of values that belong together, such as the scores of a place. */
typedef struct {
    int32_t rows, columns;
} zoo_rows;

typedef struct {
    float scale;
    int32_t zero_point;
} zoo_scale;

static inline int32_t zoo_least(int32_t one, int32_t other) { return one < other ? one : other; }
static inline int32_t zoo_greatest(int32_t one, int32_t other) { return one > other ? one : other; }

/* value * multiplier / 2^31 * 2^shift, rounded twice as TensorFlow Lite's MultiplyByQuantizedMultiplier does
 * (tensorflow/lite/kernels/internal/common.h): the doubled high half of the product to the nearest, halves up; then
 * the division by a power of two to the nearest, halves away from zero. */
static inline int32_t zoo_rescale(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    const int64_t product = (int64_t)(int32_t)((uint32_t)value << left) * multiplier;
    const int32_t high = (int32_t)((product + ((int64_t)1 << 30)) >> 31);
    const int32_t mask = (int32_t)(((int64_t)1 << right) - 1);
    const int32_t threshold = (mask >> 1) + (high < 0);
    return (high >> right) + ((high & mask) > threshold);
}

/* Limited before the zero point is added, so that no sum overflows. */
static inline int8_t zoo_to_int8(int32_t value, const zoo_output8 *output)
{
    const int32_t least = output->least - output->zero_point, most = output->most - output->zero_point;
    return (int8_t)(zoo_least(zoo_greatest(value, least), most) + output->zero_point);
}

static inline float zoo_limited(float value, const zoo_limits *limits)
{
    const float raised = value < limits->least ? limits->least : value;
    return raised > limits->most ? limits->most : raised;
}

/* Weights (outputs, rows, columns, inputs). `bias` holds what the input's zero point adds; `column` is working space
 * for the values under one window: rows * columns * input_channels. */
void zoo_conv2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input, const int8_t *weights,
                     const int32_t *bias, const int32_t *multipliers, const int8_t *shifts, int8_t input_zero_point,
                     int8_t *column, int8_t *output);

/* Weights (rows, columns, outputs), outputs = inputs * multiplier; `sums` is working space, one for each output. */
void zoo_depthwise_conv2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input,
                               const int8_t *weights, const int32_t *bias, const int32_t *multipliers,
                               const int8_t *shifts, int8_t input_zero_point, int32_t *sums, int8_t *output);

/* Weights (rows, columns, inputs, outputs). */
void zoo_conv2d_float(const zoo_window *window, const zoo_limits *limits, const float *input, const float *weights,
                      const float *bias, float *output);

/* Weights (rows, columns, outputs). */
void zoo_depthwise_conv2d_float(const zoo_window *window, const zoo_limits *limits, const float *input,
                                const float *weights, const float *bias, float *output);

void zoo_average_pool2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input, int8_t *output);
void zoo_average_pool2d_float(const zoo_window *window, const zoo_limits *limits, const float *input, float *output);
void zoo_max_pool2d_int8(const zoo_window *window, const zoo_output8 *how, const int8_t *input, int8_t *output);
void zoo_max_pool2d_float(const zoo_window *window, const zoo_limits *limits, const float *input, float *output);
void zoo_mean_int8(const zoo_mean8 *mean, const zoo_output8 *how, const int8_t *input, int8_t *output);
void zoo_mean_float(const zoo_rows *shape, const float *input, float *output);

void zoo_add_int8(const zoo_pairs *pairs, const zoo_sum8 *sum, const zoo_output8 *how, const int8_t *first,
                  const int8_t *second, int8_t *output);
void zoo_mul_int8(const zoo_pairs *pairs, const zoo_product8 *product, const zoo_output8 *how, const int8_t *first,
                  const int8_t *second, int8_t *output);
void zoo_add_float(const zoo_pairs *pairs, const zoo_limits *limits, const float *first, const float *second,
                   float *output);
void zoo_sub_float(const zoo_pairs *pairs, const zoo_limits *limits, const float *first, const float *second,
                   float *output);
void zoo_mul_float(const zoo_pairs *pairs, const zoo_limits *limits, const float *first, const float *second,
                   float *output);

/* `table` has the output byte for each of the 256 input bytes. */
void zoo_lookup(size_t count, const void *input, const uint8_t *table, void *output);
void zoo_clip_float(size_t count, const zoo_limits *limits, const float *input, float *output);
void zoo_sigmoid_float(size_t count, const float *input, float *output);
void zoo_tanh_float(size_t count, const float *input, float *output);
void zoo_hard_swish_float(size_t count, const float *input, float *output);
void zoo_quantize_int8(size_t count, const zoo_scale *scale, const float *input, int8_t *output);
void zoo_quantize_uint8(size_t count, const zoo_scale *scale, const float *input, uint8_t *output);
void zoo_dequantize_int8(size_t count, const zoo_scale *scale, const int8_t *input, float *output);
void zoo_dequantize_uint8(size_t count, const zoo_scale *scale, const uint8_t *input, float *output);

void zoo_copy(const zoo_pieces *pieces, const void *input, void *output);
void zoo_pad(const zoo_margins *margins, const void *value, const void *input, void *output);
void zoo_resize_bilinear_int8(const zoo_resize *resize, const int8_t *input, int8_t *output);
void zoo_resize_bilinear_float(const zoo_resize *resize, const float *input, float *output);

/* `rows` and `columns` name the input row and column of each output row and column; a value has `bytes`. */
void zoo_resize_nearest(const zoo_resize *resize, size_t bytes, const void *input, const int32_t *rows,
                        const int32_t *columns, void *output);

/* `powers` has exp(-scale * beta * distance) for each distance from the greatest input. */
void zoo_softmax_int8(const zoo_rows *shape, const zoo_scale *scale, const int8_t *input, const float *powers,
                      int8_t *output);
void zoo_softmax_float(const zoo_rows *shape, float beta, const float *input, float *output);
void zoo_argmax_int8(const zoo_rows *shape, const int8_t *input, int32_t *output);
void zoo_argmax_float(const zoo_rows *shape, const float *input, int32_t *output);

#endif
