namespace ConntrackConsole.Lab.Cli;

/// <summary>Invalid input: one message on standard error and exit code 2.</summary>
internal static class Usage
{
    public static int Error(string message)
    {
        Console.Error.WriteLine(message);
        return 2;
    }
}
