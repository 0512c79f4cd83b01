namespace ConntrackConsole.Testing;

/// <summary>Files recorded from a real 6.18 kernel (pages cut to their data), and one format file written from the sources of 5.15.</summary>
internal static class Fixture
{
    public static byte[] Bytes(string name)
    {
        using var stream = typeof(Fixture).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"No fixture {name}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public static string Text(string name) => System.Text.Encoding.UTF8.GetString(Bytes(name));
}
