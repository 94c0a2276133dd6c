// The only program of an image that has nothing: what a task can see and do there.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *directory, const char *name, const char *text, mode_t mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("%s: %s\n", path, strerror(errno));
    close(fd);
}

int main(int argc, char **argv) {
    const char *outputs = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("uid %d, parent %d\n", (int)getuid(), (int)getppid());
    printf("root: %s\n", mkdir("/new", 0777) < 0 ? strerror(errno) : "writable");
    printf("/tmp: %s\n", access("/tmp", W_OK) < 0 ? strerror(errno) : "writable");
    put(outputs, "n", "5", 0600);
    put(outputs, "model", "weights", 0600);
    if (argc > 2 && !strcmp(argv[2], "wait")) {
        sigset_t all;
        int number;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        puts("waiting");
        sigwait(&all, &number);
        printf("got %d\n", number);
        return 7;
    }
    if (argc > 2 && !strcmp(argv[2], "orphan") && fork() == 0) {
        setsid();
        if (fork() == 0) pause();
        _exit(0);
    }
    return 0;
}
