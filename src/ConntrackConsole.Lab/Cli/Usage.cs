namespace ConntrackConsole.Lab.Cli;

/// <summary>Wrong input: one sentence on standard error and exit code 2.</summary>
internal static class Usage
{
    public static int Error(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 2;
    }
}
