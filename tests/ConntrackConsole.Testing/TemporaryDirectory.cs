namespace ConntrackConsole.Testing;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cctest-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
