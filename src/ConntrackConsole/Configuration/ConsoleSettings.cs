namespace ConntrackConsole.Configuration;

/// <summary>What the user wrote, checked as a whole: see <see cref="SettingsReader"/>.</summary>
public sealed record ConsoleSettings(
    StorageSettings Storage, KubernetesSettings Kubernetes, CollectorSettings Collectors, IdentitySettings Identity);

/// <param name="DataDirectory">Full path.</param>
/// <param name="FrameHours">How long the collectors' frames are kept as they came.</param>
/// <param name="FrameMiB">How many of them, in MiB.</param>
public sealed record StorageSettings(string DataDirectory, string ConnectionString, int FrameHours = 24, int FrameMiB = 2048);

/// <param name="Enabled">Null: as it is found (in-cluster or a kubeconfig), else no cluster.</param>
/// <param name="Context">Null: the kubeconfig's current-context.</param>
public sealed record KubernetesSettings(bool? Enabled, string? Kubeconfig, string? Context = null);

/// <param name="Token">Without one, collectors are served on the Unix socket only.</param>
/// <param name="Socket">Full path of the Unix socket for collectors of this machine.</param>
public sealed record CollectorSettings(string? Token, string? Socket);

/// <param name="SignInToken">Null: made at the start and printed in the log.</param>
public sealed record IdentitySettings(string? SignInToken);
