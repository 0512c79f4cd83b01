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
            List<LoadResult> results = [], others = [];
            for (int round = 1; round <= options.Rounds; round++)
            {
                results.Add(await OneAsync(options, options.Console));
                if (options.Against is null)
                    continue;
                // Not lost if the other one fails.
                if (round == 1)
                    LoadTable.Write(options, results, others);
                others.Add(await OneAsync(options, options.Against));
            }

            LoadTable.Write(options, results, others);
            // An earlier version's losses are in the table, and no failure of this one.
            return results.TrueForAll(result => result.Count.IsExact) ? 0 : 1;
        }
        catch (InvalidOperationException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static async Task<LoadResult> OneAsync(LoadOptions options, string program)
    {
        await Console.Error.WriteLineAsync($"{program}: load average {(await File.ReadAllTextAsync("/proc/loadavg")).Trim()}");
        var result = await LoadRun.RunAsync(options, program, rollups: true, reportsMemory: true, Console.Error.WriteLine);
        await Console.Error.WriteLineAsync($"{program}: each frame stored exactly once: {(result.Count.IsExact ? "yes" : $"no: {result.Count}")}");
        return result;
    }
}
