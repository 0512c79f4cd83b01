namespace ConntrackConsole.Bench.Load;

/// <summary>A published console as a process, loaded by made-up collectors and readers; two of them in turn for a comparison.</summary>
internal static class LoadBench
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (!LoadOptions.TryParse(arguments, out var options, out string? fault))
        {
            await Console.Error.WriteLineAsync(fault);
            return 2;
        }

        try
        {
            var result = await OneAsync(options, options.Console);
            LoadTable.Write(options, result, null);
            if (options.Against is not null)
                LoadTable.Write(options, result, await OneAsync(options, options.Against));
            return result.Count.IsExact ? 0 : 1;
        }
        catch (InvalidOperationException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static Task<LoadResult> OneAsync(LoadOptions options, string program)
    {
        Console.Error.WriteLine($"{program}: load average {File.ReadAllText("/proc/loadavg").Trim()}");
        return LoadRun.RunAsync(options, program, rollups: true, reportsMemory: true, Console.Error.WriteLine);
    }
}
