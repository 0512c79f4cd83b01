namespace ConntrackConsole.Testing;

/// <summary>A kubeconfig file for a server of a test.</summary>
public static class TestKubeconfig
{
    /// <returns>The file's path.</returns>
    public static string Write(string server)
    {
        string path = Path.Combine(Path.GetTempPath(), $"kubeconfig-{Guid.NewGuid():N}");
        File.WriteAllText(path, $$$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "{{{server}}}"}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            users: [{name: u, user: {token: secret}}]
            current-context: c
            """);
        return path;
    }
}
