/* stamp NUMBER CONTROLLER COMMAND...: runs a command between two marks on the wire, of which the drive's log has the time by the host's clock.
 *
 * A mark is a Get Features (Temperature Threshold, 04h) whose reserved bits in command dword 11 are BEh and a number: 2n before the
 * command, 2n + 1 after it. Prints, as a line of JSON on the console, when the first mark went and came by the guest's boot clock, and how
 * the command ended.
 */
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void mark(int controller, uint32_t number)
{
    struct nvme_admin_cmd get_features = { .opcode = 0x0a, .cdw10 = 0x04, .cdw11 = 0xbe000000 | number };
    if (ioctl(controller, NVME_IOCTL_ADMIN_CMD, &get_features) != 0) {
        perror("stamp: mark");
        exit(EXIT_FAILURE);
    }
}

static double boot_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("stamp: three arguments at least are needed\n", stderr);
        return EXIT_FAILURE;
    }
    uint32_t number = strtoul(argv[1], NULL, 10);
    int controller = open(argv[2], O_RDONLY | O_CLOEXEC);
    FILE *console = fopen("/dev/console", "we");
    if (controller < 0 || console == NULL) {
        perror("stamp");
        return EXIT_FAILURE;
    }
    double went = boot_ms();
    mark(controller, 2 * number);
    double came = boot_ms();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[3], argv + 3);
        perror(argv[3]);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("stamp");
        return EXIT_FAILURE;
    }
    mark(controller, 2 * number + 1);
    fprintf(console, "{\"stamp\": %u, \"went_ms\": %.3f, \"came_ms\": %.3f, \"status\": %d}\n", number, went, came,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return EXIT_SUCCESS;
}
