#include "selftest.h"

#include <string.h>

typedef struct {
    size_t values, differing, not_finite, places, other_class;
    double greatest;
} deviation;

static double value_at(zoo_type type, const void *values, size_t index)
{
    switch (type) {
    case ZOO_INT8:
        return ((const int8_t *)values)[index];
    case ZOO_UINT8:
        return ((const uint8_t *)values)[index];
    case ZOO_INT32:
        return ((const int32_t *)values)[index];
    default:
        return (double)((const float *)values)[index];
    }
}

static size_t class_at(const zoo_golden *golden, const void *values, size_t start)
{
    size_t best = 0;
    for (size_t channel = 1; channel < golden->channels; channel++) {
        if (value_at(golden->type, values, start + channel) > value_at(golden->type, values, start + best)) {
            best = channel;
        }
    }
    return best;
}

static void compare_place(const zoo_golden *golden, const void *found, size_t place, size_t kept, deviation *so_far)
{
    for (size_t channel = 0; channel < golden->channels; channel++) {
        const double value = value_at(golden->type, found, place + channel);
        const double apart = value - value_at(golden->type, golden->expected, kept + channel);
        const double size = apart < 0 ? -apart : apart;
        so_far->values++;
        so_far->differing += size != 0;
        so_far->not_finite += value - value != 0;
        so_far->greatest = size > so_far->greatest ? size : so_far->greatest;
    }
    so_far->places++;
    if (golden->has_classes) {
        so_far->other_class += class_at(golden, found, place) != class_at(golden, golden->expected, kept);
    }
}

static deviation compare(const zoo_golden *golden, const void *found)
{
    deviation all = {0, 0, 0, 0, 0, 0.0};
    size_t kept = 0;
    for (size_t row = 0; row < golden->rows; row += golden->every) {
        for (size_t column = 0; column < golden->columns; column += golden->every) {
            const size_t place = (row * golden->columns + column) * golden->channels;
            compare_place(golden, found, place, kept, &all);
            kept += golden->channels;
        }
    }
    return all;
}

static char *put_text(char *to, const char *text)
{
    const size_t length = strlen(text);
    memcpy(to, text, length + 1);
    return to + length;
}

static char *put_number(char *to, uint64_t number, int digits)
{
    char reversed[24];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number != 0 || count < digits);
    while (count > 0) {
        *to++ = reversed[--count];
    }
    *to = '\0';
    return to;
}

/* With six decimals, so that no library has to print it. */
static char *put_real(char *to, double number)
{
    const double limited = number < 1e12 ? number : 1e12;
    const uint64_t millionths = (uint64_t)(limited * 1e6 + 0.5);
    to = put_number(to, millionths / 1000000, 1);
    return put_number(put_text(to, "."), millionths % 1000000, 6);
}

static void report(const zoo_golden *golden, const deviation *all, int passed, void (*write)(const char *text))
{
    char line[160], *to = line;
    write(passed ? "zoo-selftest: pass " : "zoo-selftest: fail ");
    write(golden->name);
    to = put_number(put_text(to, " values="), all->values, 1);
    to = put_number(put_text(to, " differing="), all->differing, 1);
    to = put_real(put_text(to, " greatest="), all->greatest);
    if (golden->has_classes) {
        to = put_number(put_text(to, " other-class="), all->other_class, 1);
        to = put_number(put_text(to, "/"), all->places, 1);
    }
    put_text(to, "\n");
    write(line);
}

static int passes(const zoo_golden *golden, void (*write)(const char *text))
{
    const void *found = NULL;
    if (golden->run(golden->input, &found) != 0) {
        write("zoo-selftest: fail ");
        write(golden->name);
        write(" did not run\n");
        return 0;
    }
    const deviation all = compare(golden, found);
    const int passed = all.not_finite == 0 && all.greatest <= golden->greatest && all.differing <= golden->differing
                       && all.other_class <= golden->other_class;
    report(golden, &all, passed, write);
    return passed;
}

int zoo_selftest(void (*write)(const char *text))
{
    int failed = 0;
    for (size_t i = 0; i < zoo_golden_count; i++) {
        failed |= !passes(&zoo_golden_vectors[i], write);
    }
    return failed;
}
