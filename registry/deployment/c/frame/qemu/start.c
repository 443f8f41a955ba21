/* Start-up for Cortex-M on QEMU: the vector table, memory, and output through semihosting.
 * Operations of semihosting: https://github.com/ARM-software/abi-aa, semihosting.rst. */
#include "selftest.h"

#include <string.h>

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026, RUN_TIME_ERROR = 0x20023 };

extern char zoo_stack_top, zoo_data_start, zoo_data_end, zoo_data_load, zoo_bss_start, zoo_bss_end;

static void semihosting(uint32_t operation, uintptr_t parameter)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void write_text(const char *text) { semihosting(SYS_WRITE0, (uintptr_t)text); }

static void quit(int failed)
{
    semihosting(SYS_EXIT, failed ? RUN_TIME_ERROR : APPLICATION_EXIT);
    for (;;) {
    }
}

static void fault(void)
{
    write_text("zoo-selftest: fail the processor stopped with a fault\n");
    quit(1);
}

void zoo_reset(void)
{
    /* Coprocessor Access Control Register: full access to the floating-point and vector unit */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
    memcpy(&zoo_data_start, &zoo_data_load, (size_t)(&zoo_data_end - &zoo_data_start));
    memset(&zoo_bss_start, 0, (size_t)(&zoo_bss_end - &zoo_bss_start));
    quit(zoo_selftest(write_text));
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)(uintptr_t)&zoo_stack_top, zoo_reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault,
};
