using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Xunit;
using Xunit.Sdk;

namespace ConntrackConsole.Testing;

/// <summary>
/// Waits for an effect of another thread or process. The condition is polled at short, growing intervals. The deadline is
/// generous and grows with the load of the machine, so it is reached only if the condition never becomes true.
/// </summary>
/// <remarks>
/// A failed assertion inside a condition ends the wait at once. Any other exception counts as "not yet" (a file that is being
/// written, a database that is locked) and is shown when the deadline passes.
/// </remarks>
public static class Eventually
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    private const double Growth = 1.5, MaxLoadFactor = 6;
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(1), MaxInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the condition is true.</summary>
    /// <param name="timeout">On an idle machine; null = <see cref="DefaultTimeout"/>.</param>
    /// <param name="state">Describes the actual state; evaluated after the deadline.</param>
    public static Task TrueAsync(
        Func<bool> condition, TimeSpan? timeout = null, Func<string>? state = null, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        TrueAsync(() => Task.FromResult(condition()), timeout, state, expression);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, Func{string}?, string)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, TimeSpan? timeout = null, Func<string>? state = null, [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        var poll = new Poll(timeout ?? DefaultTimeout, expression);
        while (!await poll.TryAsync(condition))
            await Task.Delay(poll.NextInterval(state), TestContext.Current.CancellationToken);
    }

    /// <summary>The same on the calling thread, for threads in a network namespace.</summary>
    /// <param name="interval">A fixed interval, for a test that must act at the exact moment; zero polls without a pause.</param>
    public static void True(
        Func<bool> condition, TimeSpan? timeout = null, Func<string>? state = null, TimeSpan? interval = null,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        var poll = new Poll(timeout ?? DefaultTimeout, expression);
        while (!poll.Try(condition))
        {
            var next = poll.NextInterval(state);
            if (interval == TimeSpan.Zero)
                Thread.Yield();
            else
                Thread.Sleep(interval ?? next);
        }
    }

    /// <summary>Reads until the value is accepted, and returns it.</summary>
    public static async Task<T> ValueAsync<T>(
        Func<Task<T>> read, Func<T, bool> accept, TimeSpan? timeout = null, Func<T, string>? state = null, [CallerArgumentExpression(nameof(accept))] string expression = "")
    {
        T value = default!;
        await TrueAsync(async () => accept(value = await read()), timeout, () => state is null ? $"{value}" : state(value), expression);
        return value;
    }

    /// <summary>Searches until something is found, and returns it.</summary>
    public static async Task<T> FoundAsync<T>(
        Func<T?> find, TimeSpan? timeout = null, Func<string>? state = null, [CallerArgumentExpression(nameof(find))] string expression = "")
        where T : class
    {
        T? found = null;
        await TrueAsync(() => (found = find()) is not null, timeout, state, expression);
        return found!;
    }

    // More runnable tasks than processors: everything takes proportionally longer.
    private static double LoadFactor()
    {
        string average = File.ReadAllText("/proc/loadavg");
        double tasks = double.Parse(average.AsSpan(0, average.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        return Math.Clamp(tasks / Environment.ProcessorCount, 1, MaxLoadFactor);
    }

    private sealed class Poll(TimeSpan timeout, string expression)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private TimeSpan _interval = MinInterval;
        private Exception? _last;

        public async Task<bool> TryAsync(Func<Task<bool>> condition)
        {
            try
            {
                bool isTrue = await condition();
                _last = null;
                return isTrue;
            }
            catch (Exception failure) when (IsTransient(failure))
            {
                _last = failure;
                return false;
            }
        }

        public bool Try(Func<bool> condition)
        {
            try
            {
                bool isTrue = condition();
                _last = null;
                return isTrue;
            }
            catch (Exception failure) when (IsTransient(failure))
            {
                _last = failure;
                return false;
            }
        }

        /// <exception cref="TimeoutException">The deadline has passed.</exception>
        public TimeSpan NextInterval(Func<string>? state)
        {
            if (_clock.Elapsed > timeout && _clock.Elapsed > timeout * LoadFactor())
            {
                throw new TimeoutException(
                    $"Not true within {_clock.Elapsed.TotalSeconds:0} s: {expression}{(state is null ? "" : $"; instead: {state()}")}{(_last is null ? "" : $"; last failure: {_last.Message}")}", _last);
            }

            var interval = _interval;
            _interval = TimeSpan.FromTicks(Math.Min((long)(_interval.Ticks * Growth), MaxInterval.Ticks));
            return interval;
        }

        private static bool IsTransient(Exception failure) => failure is not (IAssertionException or OperationCanceledException);
    }
}
