namespace ConntrackConsole.Lab.Cluster;

/// <summary>The kubeconfig with which kubectl and the console reach the lab's API server.</summary>
internal static class Kubeconfig
{
    /// <summary>Writes it readable for its owner only, because it contains the token.</summary>
    public static void Write(string path, ApiServer server)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException(); // Unreachable: the command checks the platform first.
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.Write($"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: lab
              cluster:
                server: {server.Address.GetLeftPart(UriPartial.Authority)}
            users:
            - name: lab
              user:
                token: {server.Token}
            contexts:
            - name: lab
              context:
                cluster: lab
                user: lab
                namespace: shop
            current-context: lab

            """);
    }
}
