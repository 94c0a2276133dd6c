#define _GNU_SOURCE
#include "exchange.h"
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LAUNCHER_START = 600,   // looks until a launcher that never appeared counts as dead
    LAUNCHER_SILENCE = 60,  // looks without a beat until a launcher counts as dead
};

static const char *exchange;
static int alive = -1;  // the file that shows that we live
static int second_ms;

long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void say(const char *first, const char *second) {
    const char *const parts[] = {"argosy: ", first, second, "\n"};
    for (int i = 0; i < 4; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) return;
}

const char *open_exchange(const char *shared, int tick_ms) {
    second_ms = tick_ms;
    exchange = joined(shared, "exchange");
    mkdir(exchange, 0777);  // unless the launcher was first
    beat();
    return exchange;
}

void publish(const char *name, const char *temporary, const char *data, size_t size) {
    const char *path = joined(exchange, name);
    if (write_file(path, joined(exchange, temporary), data, size) < 0) say("cannot write ", path);
}

void beat(void) {
    static long long last;
    long long now = milliseconds();
    if (alive >= 0 && now - last < second_ms) return;
    last = now;
    if (alive < 0) alive = open(joined(exchange, "exec-alive"), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    // Its time alone: to replace the file would cost a write to the disk every second.
    if (alive >= 0) futimens(alive, NULL);
}

// The launcher asks: `open PATH` and `copy FROM TO`, each word ended by NUL.
// The answer holds one word for each, in order.
static void serve(const char *name, char *data, size_t size, tick_fn tick) {
    char **words = split_entries(data, size);
    size_t room = 1;
    for (size_t i = 0; words && words[i]; i++) room += 80;
    char *answer = allocate(room), *end = answer;
    if (!words || !answer) return;
    for (size_t i = 0; words[i];) {
        const char *result = "unknown";
        int problem = 0;
        if (!strcmp(words[i], "open") && words[i + 1]) {
            open_up(words[i + 1], tick);
            result = "done";
            i += 2;
        } else if (!strcmp(words[i], "copy") && words[i + 1] && words[i + 2]) {
            result = copy_tree(words[i + 1], words[i + 2], tick, &problem);
            open_up(words[i + 2], tick);
            i += 3;
        } else {
            i++;
        }
        end = append_text(end, result);
        if (problem) end = append_text(append_number(append_text(end, " (errno "), problem), ")");
        end++;  // keep the NUL
    }
    publish(name, "answer.tmp", answer, (size_t)(end - answer));
}

const char *await_verdict(int wake, tick_fn tick) {
    char *verdict_path = joined(exchange, "verdict"), *alive_path = joined(exchange, "launcher-alive");
    char request_name[32], answer_name[32];
    char *request_path = NULL;
    struct timespec seen = {0, 0};
    int asked = 0, silent = 0, appeared = 0, pause_ms = 1;
    long long next_look = 0;
    for (;;) {
        size_t size;
        if (!request_path) {
            append_number(append_text(request_name, "request-"), ++asked);
            append_number(append_text(answer_name, "answer-"), asked);
            request_path = joined(exchange, request_name);
        }
        char *request = read_file(request_path, &size);
        if (request) {
            serve(answer_name, request, size, tick);
            request_path = NULL;
            pause_ms = 1;
            continue;
        }
        char *text = read_file(verdict_path, &size);
        if (text) return text;
        long long now = milliseconds();
        if (now >= next_look) {
            // Looks are counted, not time: while we are frozen nobody else's clock runs out.
            struct stat info;
            next_look = now + second_ms;
            if (stat(alive_path, &info) < 0) {
                silent++;
            } else if (!appeared || info.st_mtim.tv_sec != seen.tv_sec ||
                       info.st_mtim.tv_nsec != seen.tv_nsec) {
                appeared = 1;
                silent = 0;
                seen = info.st_mtim;
            } else {
                silent++;
            }
            if (silent > (appeared ? LAUNCHER_SILENCE : LAUNCHER_START)) return NULL;
        }
        // Short tasks should not wait for us, and long uploads not be disturbed by us.
        struct pollfd polled = {.fd = wake, .events = POLLIN};
        poll(&polled, 1, pause_ms);
        if (pause_ms < 20) pause_ms++;
        tick();
    }
}
