namespace ConntrackConsole.Tests.Architecture;

/// <summary>Files of the repository, which tests read and, where asked for, write.</summary>
internal static class RepositoryFiles
{
    /// <summary>The repository's top folder: the one with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>True where generated parts of the docs are to be written instead of compared (environment variable UPDATE_DOCS=1).</summary>
    public static bool UpdateDocs => Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1";

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>Compares the part of a page between two marker lines with what it should be; writes it with <see cref="UpdateDocs"/>.</summary>
    /// <exception cref="InvalidDataException">The page has no such markers.</exception>
    public static void AssertGenerated(string page, string begin, string end, string expected)
    {
        string path = Path(page), text = File.ReadAllText(path);
        int from = text.IndexOf(begin, StringComparison.Ordinal), to = text.IndexOf(end, StringComparison.Ordinal);
        if (from < 0 || to < from)
            throw new InvalidDataException($"{page} has no part between '{begin}' and '{end}'.");
        from += begin.Length;
        string wanted = $"\n{expected.Trim()}\n";
        if (UpdateDocs)
            File.WriteAllText(path, text[..from] + wanted + text[to..]);
        else
            Xunit.Assert.True(text[from..to] == wanted, $"{page} is out of date: run the tests of this class with UPDATE_DOCS=1, and commit the page. It should be:\n{wanted}");
    }

    /// <summary>Fails with every line of a list that must be empty.</summary>
    public static void AssertNone(IEnumerable<string> found)
    {
        var lines = found.ToList();
        Xunit.Assert.True(lines.Count == 0, $"{lines.Count} found:\n{string.Join('\n', lines)}");
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder, "ConntrackConsole.sln")))
            folder = System.IO.Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }
}
