/* Configuration: X and X_FILE, strict numbers, all problems at once. */
#include "config.h"

#include "memory.h"
#include "report.h"
#include "secret.h"
#include "tap.h"

static size_t problems; /* noted up to the last look */

/* How many problems were noted since the last look. */
static size_t new_problems(void)
{
    size_t before = problems;

    problems = config_finish();
    free(tap_stderr());
    return problems - before;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

static void check_text(void)
{
    CHECK(!config_text("T_UNSET"));
    setenv("T_EMPTY", "", 1);
    CHECK(!config_text("T_EMPTY"));
    setenv("T_SET", " value ", 1);
    CHECK_TEXT(config_text("T_SET"), " value ");
    CHECK_TEXT(config_required("T_SET", "test"), " value ");
    CHECK(new_problems() == 0);
    CHECK(!config_required("T_UNSET", "test"));
    CHECK(!config_required("T_UNSET", "test"));
    tap_check(new_problems() == 1, "a problem is reported once");
    setenv("T_SECRET", "sesame", 1);
    CHECK_TEXT(config_secret("T_SECRET"), "sesame");
    CHECK_NEW_TEXT(secret_mask("sesame"), SECRET_MASK);
}

static void check_files(const char *directory)
{
    char path[4096];
    char *big = memory_new(CONFIG_FILE_MAX + 1, 1);

    snprintf(path, sizeof path, "%s/value", directory);
    setenv("F_ONE_FILE", path, 1);
    write_file(path, "first\n\n", 7);
    CHECK_TEXT(config_text("F_ONE"), "first\n");
    write_file(path, "second", 6);
    tap_text(config_text("F_ONE"), "first\n", "a file is read once");
    setenv("F_TWO_FILE", path, 1);
    CHECK_TEXT(config_text("F_TWO"), "second");
    write_file(path, "\n", 1);
    setenv("F_EMPTY_FILE", path, 1);
    CHECK(!config_text("F_EMPTY"));
    CHECK(new_problems() == 0);
    setenv("F_TWO", "both", 1);
    config_text("F_TWO");
    CHECK(new_problems() == 1);
    setenv("F_TWO", "", 1);
    CHECK_TEXT(config_text("F_TWO"), "second");
    write_file(path, "a\0b", 3);
    setenv("F_NUL_FILE", path, 1);
    CHECK(!config_text("F_NUL") && new_problems() == 1);
    memset(big, 'x', CONFIG_FILE_MAX + 1);
    write_file(path, big, CONFIG_FILE_MAX);
    setenv("F_BIG_FILE", path, 1);
    CHECK(config_text("F_BIG") && new_problems() == 0);
    write_file(path, big, CONFIG_FILE_MAX + 1);
    setenv("F_BIGGER_FILE", path, 1);
    CHECK(!config_text("F_BIGGER") && new_problems() == 1);
    unlink(path);
    setenv("F_MISSING_FILE", path, 1);
    CHECK(!config_text("F_MISSING") && new_problems() == 1);
    setenv("F_DIRECTORY_FILE", directory, 1);
    CHECK(!config_text("F_DIRECTORY") && new_problems() == 1);
    free(big);
}

static void check_numbers(void)
{
    static const struct {
        const char *text;
        bool good;
        long number;
    } numbers[] = {
        {"0", true, 0},    {"10", true, 10},
        {"-5", true, -5},  {"11", false, 0},
        {"-6", false, 0},  {"5 ", false, 0},
        {" 5", false, 0},  {"+5", false, 0},
        {"5x", false, 0},  {"", false, 0},
        {"-", false, 0},   {"0x5", false, 0},
        {"5.0", false, 0}, {"99999999999999999999", false, 0},
        {"--5", false, 0},
    };
    long number;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bool good = config_parse_number(numbers[i].text, -5, 10, &number);

        tap_check(good == numbers[i].good && (!good || number == numbers[i].number), "number \"%s\"",
                  numbers[i].text);
    }
    CHECK(config_number("N_UNSET", 7, 0, 10) == 7);
    setenv("N", "10", 1);
    CHECK(config_number("N", 7, 0, 10) == 10 && new_problems() == 0);
    setenv("N", "11", 1);
    CHECK(config_number("N", 7, 0, 10) == 7 && new_problems() == 1);
}

static void check_flags(void)
{
    setenv("B", "TRUE", 1);
    CHECK(config_flag("B", false));
    setenv("B", "off", 1);
    CHECK(!config_flag("B", true));
    setenv("B", "1", 1);
    CHECK(config_flag("B", false));
    CHECK(config_flag("B_UNSET", true) && !config_flag("B_UNSET", false));
    CHECK(new_problems() == 0);
    setenv("B", "maybe", 1);
    CHECK(config_flag("B", true) && new_problems() == 1);
}

static void check_items(void)
{
    const char *list = ", a b ,,c\t,\n d";

    CHECK_NEW_TEXT(config_item(&list), "a b");
    CHECK_NEW_TEXT(config_item(&list), "c");
    CHECK_NEW_TEXT(config_item(&list), "d");
    CHECK(!config_item(&list));
    CHECK(!config_item(&list));
}

int main(void)
{
    char directory[] = "/tmp/unit-config.XXXXXX";
    char *report_text;

    report_open("unit");
    tap_capture_stderr();
    if (!mkdtemp(directory))
        abort();
    check_text();
    check_files(directory);
    check_numbers();
    check_flags();
    check_items();
    config_problem("LAST", "of %d", 2);
    CHECK(config_finish() == problems + 1);
    report_text = tap_stderr();
    CHECK(strstr(report_text, "\"error_type\":\"config_error\"") && strstr(report_text, "\"variable\":\"LAST\""));
    CHECK(strstr(report_text, "\"error_message\":\"LAST: of 2\""));
    free(report_text);
    rmdir(directory);
    return tap_end();
}
