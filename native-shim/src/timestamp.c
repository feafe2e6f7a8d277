#include "timestamp.h"

static void digits(char *out, int count, long value)
{
    for (int i = count - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
}

/*
 * Without gmtime_r: in a static program that would draw in the time zone files, which it reads at its first
 * call. The calendar repeats after 400 years, 146097 days; counted from 1 March, the day that leap years add
 * is the last one.
 */
void timestamp_format(char *out, const struct timespec *time)
{
    long days = (long)(time->tv_sec / 86400), second = (long)(time->tv_sec % 86400);
    long shifted = days + 719468; /* days since 1 March of the year 0 */
    long era = shifted / 146097, day_of_era = shifted % 146097;
    long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long shifted_month = (5 * day_of_year + 2) / 153;
    long month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;

    digits(out, 4, year_of_era + era * 400 + (month <= 2));
    out[4] = '-';
    digits(out + 5, 2, month);
    out[7] = '-';
    digits(out + 8, 2, day_of_year - (153 * shifted_month + 2) / 5 + 1);
    out[10] = 'T';
    digits(out + 11, 2, second / 3600);
    out[13] = ':';
    digits(out + 14, 2, second / 60 % 60);
    out[16] = ':';
    digits(out + 17, 2, second % 60);
    out[19] = '.';
    digits(out + 20, 9, time->tv_nsec);
    out[29] = 'Z';
}
