namespace ConntrackConsole.Testing;

/// <summary>A folder of a test, deleted with all that it holds.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cctest-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
