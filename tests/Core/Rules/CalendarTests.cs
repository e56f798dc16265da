using SyncHub.Core.Rules;

namespace SyncHub.Core.Tests.Rules;

public sealed class CalendarTests
{
    private static readonly DateOnly Epoch = new(1970, 1, 1);

    [Fact]
    public void Every_day_of_four_centuries_has_the_month_that_DateOnly_says()
    {
        for (var date = new DateOnly(1800, 1, 1); date.Year < 2200; date = date.AddDays(1))
        {
            Assert.Equal((date.Year, date.Month), Calendar.MonthOf(date.DayNumber - Epoch.DayNumber));
        }
    }

    [Fact]
    public void The_end_of_the_year_is_the_one_that_DateOnly_says()
    {
        for (var date = new DateOnly(1999, 12, 1); date.Year < 2030; date = date.AddDays(1))
        {
            Assert.Equal(new DateOnly(date.Year, 12, 31).DayNumber - Epoch.DayNumber, Calendar.EndOfYear(date.DayNumber - Epoch.DayNumber));
        }
    }

    [Fact]
    public void The_end_of_a_later_month_is_the_one_that_DateOnly_says()
    {
        for (var date = new DateOnly(1999, 1, 1); date.Year < 2012; date = date.AddDays(1))
        {
            for (var months = 0; months <= 36; months++)
            {
                var expected = new DateOnly(date.Year, date.Month, 1).AddMonths(months + 1).AddDays(-1);
                Assert.Equal(expected.DayNumber - Epoch.DayNumber, Calendar.EndOfMonthAfter(date.DayNumber - Epoch.DayNumber, months));
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(86_399_999, 0)]
    [InlineData(86_400_000, 1)]
    [InlineData(-1, -1)]
    [InlineData(-86_400_000, -1)]
    [InlineData(-86_400_001, -2)]
    public void A_day_starts_at_midnight_also_before_1970(long unixMs, int day) => Assert.Equal(day, Calendar.DayOf(unixMs));
}
