#include "confine.h"

#include <asm/termbits.h> /* struct termios2, for TCSETS2 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(memory_sanitizer))
#else
#define SANITIZED 0
#endif

/*
 * System calls that no program here makes, by what they are for. A call that the processor at hand does not have is
 * left out by libseccomp. What is not named stays allowed: the C library and the libraries behind libcurl and libpq
 * may take to new calls with any update, and a job that then dies protects nobody.
 */
static const int never[] = {
    /* other programs and processes; fork() itself is among the rules with conditions, below */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(setpriority),
    SCMP_SYS(ioprio_set),
    SCMP_SYS(sched_setparam),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(sched_setattr),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(move_pages),
    SCMP_SYS(setsid),
    SCMP_SYS(setpgid),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(ptrace),
    SCMP_SYS(kcmp),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(shmget),
    SCMP_SYS(shmat),
    SCMP_SYS(shmctl),
    SCMP_SYS(msgget),
    SCMP_SYS(msgsnd),
    SCMP_SYS(msgrcv),
    SCMP_SYS(msgctl),
    SCMP_SYS(semget),
    SCMP_SYS(semop),
    SCMP_SYS(semtimedop),
    SCMP_SYS(semtimedop_time64),
    SCMP_SYS(semctl),
    SCMP_SYS(mq_unlink),
    /* a server's */
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    /* who the process is, and where */
    SCMP_SYS(setuid),
    SCMP_SYS(setuid32),
    SCMP_SYS(setgid),
    SCMP_SYS(setgid32),
    SCMP_SYS(setreuid),
    SCMP_SYS(setreuid32),
    SCMP_SYS(setregid),
    SCMP_SYS(setregid32),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresuid32),
    SCMP_SYS(setresgid),
    SCMP_SYS(setresgid32),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsuid32),
    SCMP_SYS(setfsgid),
    SCMP_SYS(setfsgid32),
    SCMP_SYS(setgroups),
    SCMP_SYS(setgroups32),
    SCMP_SYS(capset),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(personality),
    /* file systems */
    SCMP_SYS(mount),
    SCMP_SYS(umount),
    SCMP_SYS(umount2),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(fsconfig),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(quotactl),
    /* doors into the kernel that have been found open */
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(acct),
    SCMP_SYS(syslog),
    /* the machine's clock and name */
    SCMP_SYS(stime),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_settime64),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_adjtime64),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
};

/* The last three: the tickets of Kerberos, with which libpq may log in, can be in the kernel's keyring. */
static const int network[] = {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(socketcall),  SCMP_SYS(connect),
                              SCMP_SYS(bind),   SCMP_SYS(add_key),    SCMP_SYS(request_key), SCMP_SYS(keyctl)};

static const int reading[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(getdents64)};

/* A call that is younger than libseccomp and the C library: since openat2() each has the same distance from that one
   on every processor. */
#define YOUNGER(number) (SCMP_SYS(openat2) + (number)-437)

/* But for open() and openat(), which only their flags tell from reading. */
static const int writing[] = {
    SCMP_SYS(creat),        SCMP_SYS(truncate),
    SCMP_SYS(truncate64),   SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),     SCMP_SYS(rename),
    SCMP_SYS(renameat),     SCMP_SYS(renameat2),
    SCMP_SYS(link),         SCMP_SYS(linkat),
    SCMP_SYS(symlink),      SCMP_SYS(symlinkat),
    SCMP_SYS(mkdir),        SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),        SCMP_SYS(mknod),
    SCMP_SYS(mknodat),      SCMP_SYS(chmod),
    SCMP_SYS(fchmod),       SCMP_SYS(fchmodat),
    SCMP_SYS(chown),        SCMP_SYS(chown32),
    SCMP_SYS(fchown),       SCMP_SYS(fchown32),
    SCMP_SYS(lchown),       SCMP_SYS(lchown32),
    SCMP_SYS(fchownat),     SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),    SCMP_SYS(fsetxattr),
    SCMP_SYS(removexattr),  SCMP_SYS(lremovexattr),
    SCMP_SYS(fremovexattr), SCMP_SYS(utime),
    SCMP_SYS(utimes),       SCMP_SYS(futimesat),
    SCMP_SYS(utimensat),    SCMP_SYS(utimensat_time64),
    SCMP_SYS(mq_open),      SCMP_SYS(memfd_create),
    YOUNGER(452), /* fchmodat2 */
    YOUNGER(463), /* setxattrat */
    YOUNGER(466), /* removexattrat */
    YOUNGER(469), /* file_setattr */
};

/* What ioctl(2) does to the terminal, where it can type, and whom it has signalled. */
static const unsigned controls[] = {TIOCSTI,   TIOCLINUX, TIOCSPGRP, TIOCSETD,  TIOCSWINSZ, TIOCCONS, TIOCSCTTY,
                                    TIOCNOTTY, TCSETS,    TCSETSW,   TCSETSF,   TCSETA,     TCSETAW,  TCSETAF,
                                    TCSETS2,   TCSETSW2,  TCSETSF2,  FIOSETOWN, SIOCSPGRP};

/* Types of requests (ioctl(2)) that change what is open for reading: flags, versions, subvolumes, snapshots. */
static const unsigned control_types[] = {'f', 'v', 'X', 0x94};

/* What fcntl(2) knows of signals to others: a write to a pipe can send SIGKILL. */
static const unsigned owners[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG};

struct filter {
    scmp_filter_ctx context;
    int error; /* of the first rule that could not be added, as errno has it; 0: none */
};

static void forbid(struct filter *filter, int call, int with, unsigned count, const struct scmp_arg_cmp *when)
{
    int result = seccomp_rule_add_array(filter->context, SCMP_ACT_ERRNO((unsigned)with), call, count, when);

    if (result < 0 && filter->error == 0)
        filter->error = -result;
}

static void forbid_all(struct filter *filter, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        forbid(filter, calls[i], EPERM, 0, NULL);
}

#define FORBID_ALL(filter, calls) forbid_all(filter, calls, sizeof(calls) / sizeof *(calls))

/* A thread is made by clone() with CLONE_THREAD, whose flags are the second argument on s390x (clone(2)); clone3()
   has them in memory, where no filter looks, and glibc takes clone() where clone3() is unknown. */
static void forbid_processes(struct filter *filter)
{
#ifdef __s390__
    const struct scmp_arg_cmp no_thread = SCMP_A1_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#else
    const struct scmp_arg_cmp no_thread = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#endif

    forbid(filter, SCMP_SYS(clone), EPERM, 1, &no_thread);
    forbid(filter, SCMP_SYS(clone3), ENOSYS, 0, NULL);
}

/* abort() and raise() signal the process itself, and getrlimit() asks of it as 0. */
static void forbid_others(struct filter *filter)
{
    const struct scmp_arg_cmp other = SCMP_A0_64(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0);
    const struct scmp_arg_cmp not_0 = SCMP_A0_64(SCMP_CMP_NE, 0, 0);

    forbid(filter, SCMP_SYS(tgkill), EPERM, 1, &other);
    forbid(filter, SCMP_SYS(prlimit64), EPERM, 1, &not_0);
}

static void forbid_request(struct filter *filter, int call, unsigned mask, unsigned request)
{
    const struct scmp_arg_cmp this = SCMP_A1_32(SCMP_CMP_MASKED_EQ, mask, request);

    forbid(filter, call, EPERM, 1, &this);
}

static void forbid_controls(struct filter *filter)
{
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        forbid_request(filter, SCMP_SYS(ioctl), ~0U, controls[i]);
    for (size_t i = 0; i < sizeof control_types / sizeof *control_types; i++)
        forbid_request(filter, SCMP_SYS(ioctl), 0xff00, control_types[i] << 8);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        forbid_request(filter, SCMP_SYS(fcntl), ~0U, owners[i]);
        forbid_request(filter, SCMP_SYS(fcntl64), ~0U, owners[i]);
    }
}

/*
 * What is left: this machine's, of the internet's streams and datagrams, and of the kernel's the routes, which
 * getaddrinfo(3) asks for. An internet socket of type SOCK_PACKET is one of AF_PACKET (packet(7)).
 */
static void forbid_strange_sockets(struct filter *filter)
{
    const struct scmp_arg_cmp above = SCMP_A0_64(SCMP_CMP_GT, AF_NETLINK, 0);
    static const unsigned internet[] = {AF_INET, AF_INET6};
    const struct scmp_arg_cmp netlink[] = {SCMP_A0_32(SCMP_CMP_MASKED_EQ, ~0U, AF_NETLINK),
                                           SCMP_A2_64(SCMP_CMP_NE, NETLINK_ROUTE, 0)};

    forbid(filter, SCMP_SYS(socket), EPERM, 1, &above);
    forbid(filter, SCMP_SYS(socket), EPERM, 2, netlink);
    for (unsigned family = AF_INET + 1; family < AF_NETLINK; family++) {
        const struct scmp_arg_cmp this = SCMP_A0_32(SCMP_CMP_MASKED_EQ, ~0U, family);

        if (family != AF_INET6)
            forbid(filter, SCMP_SYS(socket), EPERM, 1, &this);
    }
    for (size_t i = 0; i < sizeof internet / sizeof *internet; i++) {
        for (unsigned type = 0; type <= 0xf; type++) { /* the other bits are flags: socket(2) */
            const struct scmp_arg_cmp other[] = {SCMP_A0_32(SCMP_CMP_MASKED_EQ, ~0U, internet[i]),
                                                 SCMP_A1_32(SCMP_CMP_MASKED_EQ, 0xf, type)};

            if (type != SOCK_STREAM && type != SOCK_DGRAM)
                forbid(filter, SCMP_SYS(socket), EPERM, 2, other);
        }
    }
}

/* The access mode O_WRONLY|O_RDWR, which is for ioctl(2) alone, fits twice. openat2() has its flags in memory, too.
 */
static void forbid_writing(struct filter *filter)
{
    static const unsigned flags[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const struct scmp_arg_cmp second = SCMP_A1_32(SCMP_CMP_MASKED_EQ, flags[i], flags[i]);
        const struct scmp_arg_cmp third = SCMP_A2_32(SCMP_CMP_MASKED_EQ, flags[i], flags[i]);

        forbid(filter, SCMP_SYS(open), EPERM, 1, &second);
        forbid(filter, SCMP_SYS(openat), EPERM, 1, &third);
    }
    forbid(filter, SCMP_SYS(openat2), ENOSYS, 0, NULL);
    FORBID_ALL(filter, writing);
}

static int build(struct filter *filter, unsigned reach)
{
    FORBID_ALL(filter, never);
    forbid_processes(filter);
    forbid_others(filter);
    forbid_controls(filter);
    if (reach & CONFINE_NETWORK)
        forbid_strange_sockets(filter);
    else
        FORBID_ALL(filter, network);
    if (!(reach & CONFINE_WRITE)) {
        if (reach & CONFINE_READ)
            forbid_writing(filter);
        else
            FORBID_ALL(filter, writing);
    }
    if (!(reach & (CONFINE_READ | CONFINE_WRITE)))
        FORBID_ALL(filter, reading);
    return filter->error;
}

/* --- landlock(7) --- */

/* Younger than the C library's headers. */
#define ACCESS_TRUNCATE (1ULL << 14) /* since the kernel's version 3 of this interface */
#define SCOPE_SIGNAL (1ULL << 1)     /* since 6 */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* All that has to do with files but reading, as far as this version knows it. */
static uint64_t all_but_reading(int version)
{
    uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

    if (version >= 2)
        all |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        all |= ACCESS_TRUNCATE;
    return all & ~(uint64_t)READING;
}

/* False: the directory is not there, and whoever wants to write there is to be told so. */
static bool leave_directory(int ruleset, const char *directory, uint64_t handled)
{
    struct landlock_path_beneath_attr beneath = {
        .allowed_access = handled & (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_REG | ACCESS_TRUNCATE),
        .parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    bool added = beneath.parent_fd >= 0 &&
                 syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;

    if (beneath.parent_fd >= 0)
        close(beneath.parent_fd);
    return added;
}

/* Besides what is handled here, it keeps a process from looking into those outside. */
static void restrict_files(unsigned reach, const char *directory)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    /* landlock_create_ruleset(2): files, ports, scopes. What a kernel does not know yet must be 0. */
    const uint64_t handled[] = {all_but_reading((int)version) | (reach & CONFINE_READ ? 0 : READING), 0,
                                version >= 6 ? SCOPE_SIGNAL : 0};
    int ruleset = version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, handled, sizeof handled, 0);

    if (ruleset < 0)
        return;
    if ((!directory || leave_directory(ruleset, directory, handled[0])) &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
}

void confine(unsigned reach, const char *directory)
{
    struct filter filter = {.context = NULL};
    int error = ENOMEM;

    if (SANITIZED)
        return;
    /* Else Jansson did so at its first object, and without /dev/urandom took the time for a seed, which is guessed.
     */
    json_object_seed(0);
    tzset(); /* else the C library looks for its file at the first time that is shown */
    restrict_files(reach, directory);
    /* libseccomp 2.5 cannot do without memory: it may use what it did not get, or loop. It takes 200 KB. */
    free(memory_new(1, 1024 * 1024));
    filter.context = seccomp_init(SCMP_ACT_ALLOW);
    if (filter.context && (error = build(&filter, reach)) == 0) {
        seccomp_attr_set(filter.context, SCMP_FLTATR_API_SYSRAWRC, 1); /* the kernel's own error, not ECANCELED */
        error = -seccomp_load(filter.context);
    }
    if (filter.context)
        seccomp_release(filter.context);
    if (error == ENOMEM)
        die_without_memory();
    if (error != 0)
        report(REPORT_INFO, "not_confined", "this process keeps rights that it does not need: seccomp: %s",
               strerror(error));
}
