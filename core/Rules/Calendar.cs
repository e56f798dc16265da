namespace SyncHub.Core.Rules;

/// <summary>Days as numbers since 1970-01-01 (Gregorian), computed without a clock or a time zone.</summary>
public static class Calendar
{
    /// <summary>Milliseconds in a day.</summary>
    public const long DayMs = 86_400_000;

    /// <summary>The UTC day of an instant.</summary>
    public static int DayOf(long unixMs) => (int)(unixMs >= 0 ? unixMs / DayMs : ((unixMs + 1) / DayMs) - 1);

    /// <summary>The last day of the month that lies <paramref name="months"/> after the month of <paramref name="day"/>.</summary>
    public static int EndOfMonthAfter(int day, int months)
    {
        var (year, month) = MonthOf(day);
        var index = (year * 12) + (month - 1) + months + 1;
        return FirstOf(index / 12, (index % 12) + 1) - 1;
    }

    /// <summary>31 December of the year of <paramref name="day"/>.</summary>
    public static int EndOfYear(int day) => FirstOf(MonthOf(day).Year + 1, 1) - 1;

    /// <summary>Year and month (1 to 12) of a day. Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.</summary>
    public static (int Year, int Month) MonthOf(int day)
    {
        var z = day + 719_468;
        var era = (z >= 0 ? z : z - 146_096) / 146_097;
        var dayOfEra = z - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthIndex = ((5 * dayOfYear) + 2) / 153;
        var month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
        return (yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month);
    }

    // days_from_civil of the same source, for the first of a month.
    private static int FirstOf(int year, int month)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var yearOfEra = y - (era * 400);
        var dayOfYear = ((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - 719_468;
    }
}
