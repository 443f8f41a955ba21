#include "selftest.h"

#include <stdio.h>

static void write_text(const char *text) { fputs(text, stdout); }

int main(void) { return zoo_selftest(write_text); }
