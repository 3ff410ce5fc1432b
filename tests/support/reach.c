/*
 * Preloaded into a tool (ld.so(8)), tries what common/confine.h gives away, from within: seccomp_release() is what a
 * tool calls when its filter is in force. A line on stderr for each attempt, `reach NAME yes` or `reach NAME ERRNO`,
 * and later one for each call of the tool itself or of its libraries that the filter refuses, `refused CALL`. To be
 * told of these, it has the filter send SIGSYS where it would let the call fail with EPERM, and does that itself.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static bool watching;

/* --- attempts: each is 0, or fails as a system call does; nothing is left behind --- */

static int failed(int error)
{
    errno = error;
    return -1;
}

static int closed(int fd)
{
    return fd < 0 ? -1 : close(fd);
}

static int read_file(void)
{
    return closed(open("/etc/passwd", O_RDONLY));
}

static int write_file(void)
{
    return closed(open("/dev/null", O_WRONLY));
}

static int append_file(void)
{
    return closed(openat(AT_FDCWD, "/dev/null", O_RDWR | O_APPEND));
}

static int make_file(void)
{
    char name[] = "reach.XXXXXX";
    int fd = mkstemp(name);

    return fd < 0 ? -1 : close(fd) | unlink(name);
}

static int make_directory(void)
{
    return mkdir("reach.d", 0700) < 0 ? -1 : rmdir("reach.d");
}

static int remove_file(void)
{
    return unlink("reach.none") < 0 && errno != ENOENT ? -1 : 0;
}

static int rename_file(void)
{
    return rename("reach.none", "reach.none2") < 0 && errno != ENOENT ? -1 : 0;
}

static int use_socket(void)
{
    return closed(socket(AF_INET, SOCK_DGRAM, 0));
}

static int serve(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), result = fd < 0 ? -1 : listen(fd, 1), reason = errno;

    if (fd >= 0)
        close(fd);
    errno = reason;
    return result;
}

static int run_program(void)
{
    char path[] = "/nowhere/reach", *const arguments[] = {path, NULL};

    return execve(path, arguments, arguments) < 0 && errno != ENOENT ? -1 : 0;
}

static int make_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0 ? -1 : waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void *nothing(void *argument)
{
    return argument;
}

static int make_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);

    return error ? failed(error) : pthread_join(thread, NULL);
}

static int signal_other(void)
{
    return kill(getppid(), 0);
}

static int signal_thread(void)
{
    return tgkill(getppid(), getppid(), 0);
}

static int queue_signal(void)
{
    return sigqueue(getppid(), 0, (union sigval){.sival_int = 0});
}

static int limit_other(void)
{
    struct rlimit limit;

    return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}

/* Where the kernel does not know the call, that it is not refused is enough. */
static int change_mode(void)
{
    return syscall(452 /* fchmodat2 */, AT_FDCWD, "reach.none", 0600, 0) < 0 && errno == EPERM ? -1 : 0;
}

static int change_times(void)
{
    return utimes("reach.none", NULL) < 0 && errno != ENOENT ? -1 : 0;
}

static int share_memory(void)
{
    int id = shmget(IPC_PRIVATE, 1, 0600);

    return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}

/* No such segment is there. */
static int attach_memory(void)
{
    return (intptr_t)shmat(-1, NULL, 0) == -1 && errno == EPERM ? -1 : 0;
}

/* Whoever owns a pipe that is asynchronous is signalled by each write to it (fcntl(2)): with SIGURG nobody is harmed.
 */
static int signal_by_pipe(void)
{
    int ends[2], result = 0, reason = 0;

    if (pipe(ends) < 0)
        return -1;
    if (fcntl(ends[0], F_SETSIG, SIGURG) < 0 || fcntl(ends[0], F_SETOWN, getppid()) < 0) {
        result = -1;
        reason = errno;
    }
    close(ends[0]);
    close(ends[1]);
    errno = reason;
    return result;
}

/* Whose processor it may run on; nothing is changed, for the set is empty. */
static int move_other(void)
{
    cpu_set_t none;

    CPU_ZERO(&none);
    return sched_setaffinity(getppid(), sizeof none, &none) < 0 && errno == EPERM ? -1 : 0;
}

/* Root may read the environment of others all the same: since Linux 6.13 CAP_PERFMON is enough for that. */
static int look_into_other(void)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/mem", (int)getppid());
    return closed(open(path, O_RDONLY));
}

static int name_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "reach.socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), result, reason;

    if (fd < 0)
        return -1;
    result = bind(fd, (struct sockaddr *)&address, sizeof address);
    reason = errno;
    close(fd);
    unlink(address.sun_path);
    errno = reason;
    return result;
}

/* All packets that pass by. */
static int listen_in(void)
{
    return closed(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static int listen_in_raw(void)
{
    return closed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

/* The name that AF_PACKET had in Linux 2.0, and that it still goes by. */
static int listen_in_packets(void)
{
    return closed(socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0));
}

static int flag_file(void)
{
    int fd = open("/etc/passwd", O_RDONLY), result, reason;

    if (fd < 0)
        return -1;
    result = ioctl(fd, FS_IOC_SETVERSION, NULL) < 0 && errno == EPERM ? -1 : 0;
    reason = errno;
    close(fd);
    errno = reason;
    return result;
}

/* Types for whoever is at the terminal; on what is none it fails otherwise. */
static int type(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x") < 0 && errno == EPERM ? -1 : 0;
}

static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}

/* Not an error of the call, which has no such flag: whether it is let through to say so. */
static int new_namespace(void)
{
    return unshare(0);
}

static int io_uring(void)
{
    return syscall(SYS_io_uring_setup, 0, NULL) < 0 && errno == EPERM ? -1 : 0;
}

/* core(5): both must forbid it, for a dump that is piped to a program does not ask for the limit. */
static int dump_core(void)
{
    struct rlimit limit = {0, 0};

    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && prctl(PR_GET_DUMPABLE) == 0)
        return failed(EPERM);
    return 0;
}

static const struct {
    const char *name;
    int (*attempt)(void);
} attempts[] = {
    {"read-file", read_file},
    {"write-file", write_file},
    {"append-file", append_file},
    {"make-file", make_file},
    {"make-directory", make_directory},
    {"remove-file", remove_file},
    {"rename-file", rename_file},
    {"socket", use_socket},
    {"serve", serve},
    {"run-program", run_program},
    {"make-process", make_process},
    {"make-thread", make_thread},
    {"signal-other", signal_other},
    {"signal-thread", signal_thread},
    {"queue-signal", queue_signal},
    {"limit-other", limit_other},
    {"change-mode", change_mode},
    {"change-times", change_times},
    {"share-memory", share_memory},
    {"attach-memory", attach_memory},
    {"signal-by-pipe", signal_by_pipe},
    {"move-other", move_other},
    {"look-into-other", look_into_other},
    {"name-socket", name_socket},
    {"listen-in", listen_in},
    {"listen-in-raw", listen_in_raw},
    {"listen-in-packets", listen_in_packets},
    {"flag-file", flag_file},
    {"type", type},
    {"trace", trace},
    {"new-namespace", new_namespace},
    {"io-uring", io_uring},
    {"dump-core", dump_core},
};

/* --- what is called in place of the libraries' functions --- */

int seccomp_rule_add_array(scmp_filter_ctx context, uint32_t action, int call, unsigned count,
                           const struct scmp_arg_cmp *when)
{
    int (*real)(scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *) =
        (int (*)(scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *))dlsym(
            RTLD_NEXT, "seccomp_rule_add_array");

    return real(context, action == SCMP_ACT_ERRNO(EPERM) ? SCMP_ACT_TRAP : action, call, count, when);
}

/* What the filter would have done. */
static void refuse(int signal, siginfo_t *info, void *context)
{
    mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;
    char *name;

    (void)signal;
#if defined __x86_64__
    registers->gregs[REG_RAX] = -EPERM;
#elif defined __aarch64__
    registers->regs[0] = (unsigned long long)-EPERM;
#else
// cppcheck-suppress preprocessorErrorDirective ; it looks at a processor that nobody names, too
#error "Which register holds a system call's result?"
#endif
    if (!watching)
        return;
    name = seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);
    dprintf(STDERR_FILENO, "refused %s\n", name ? name : "a call");
    free(name);
}

void seccomp_release(scmp_filter_ctx context)
{
    void (*real)(scmp_filter_ctx) = (void (*)(scmp_filter_ctx))dlsym(RTLD_NEXT, "seccomp_release");
    struct sigaction on_refusal = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO | SA_NODEFER};

    real(context);
    sigaction(SIGSYS, &on_refusal, NULL);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int result = attempts[i].attempt();

        dprintf(STDERR_FILENO, "reach %s %s\n", attempts[i].name, result == 0 ? "yes" : strerrorname_np(errno));
    }
    watching = true;
}
