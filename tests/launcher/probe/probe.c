// The only program of an image that has nothing: what a task can see and do there.
// It makes its system calls itself, since a C library takes the compiler half a minute.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call start\n");

static long call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x0, sp\n bl start\n");

static long call(long number, long a, long b, long c, long d) {
    register long name __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(name), "r"(second), "r"(third), "r"(fourth)
                     : "memory");
    return first;
}
#endif

static void print(const char *text) {
    long length = 0;
    while (text[length]) length++;
    call(SYS_write, 1, (long)text, length, 0);
}

static void print_number(const char *before, long number, const char *after) {
    char digits[21];
    char *digit = digits + sizeof digits - 1;
    *digit = 0;
    do *--digit = (char)('0' + number % 10);
    while (number /= 10);
    print(before);
    print(digit);
    print(after);
}

static void put(long directory, const char *name, const char *text, long length) {
    long file = call(SYS_openat, directory, (long)name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || call(SYS_write, file, (long)text, length, 0) != length) print("not written\n");
    call(SYS_close, file, 0, 0, 0);
}

static long fork_process(void) {
    return call(SYS_clone, SIGCHLD, 0, 0, 0);
}

static int run(long count, char **words) {
    print_number("uid ", call(SYS_getuid, 0, 0, 0, 0), ", ");
    print_number("parent ", call(SYS_getppid, 0, 0, 0, 0), "\n");
    print_number("root: error ", -call(SYS_mkdirat, AT_FDCWD, (long)"/new", 0777, 0), "\n");
    print_number("/tmp: error ", -call(SYS_faccessat, AT_FDCWD, (long)"/tmp", W_OK, 0), "\n");
    long outputs = call(SYS_openat, AT_FDCWD, (long)words[1], O_RDONLY | O_DIRECTORY, 0);
    put(outputs, "n", "5", 1);
    put(outputs, "model", "weights", 7);
    if (count > 2 && words[2][0] == 'w') {  // "wait"
        unsigned long all = ~0ul;
        call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, 0, sizeof all);
        print("waiting\n");
        print_number("got ", call(SYS_rt_sigtimedwait, (long)&all, 0, 0, sizeof all), "\n");
        return 7;
    }
    if (count > 2 && words[2][0] == 'o' && fork_process() == 0) {  // "orphan"
        call(SYS_setsid, 0, 0, 0, 0);
        if (fork_process() == 0) call(SYS_ppoll, 0, 0, 0, 0);
    }
    return 0;
}

// `stack` as the kernel lays it out: the number of words, then the words.
__attribute__((used)) void start(long *stack) {
    call(SYS_exit_group, run(stack[0], (char **)(stack + 1)), 0, 0, 0);
}
