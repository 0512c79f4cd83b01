using System.ComponentModel;
using System.Security.Cryptography;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using k8s;
using k8s.Exceptions;
using k8s.KubeConfigModels;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>Reads a kubeconfig with the official client, with a specific error message for each way in which it can be invalid.</summary>
internal static class KubeConfigFile
{
    private static readonly TimeSpan PluginTimeout = TimeSpan.FromSeconds(30);

    /// <exception cref="StartupException">The file does not exist or is invalid.</exception>
    public static KubernetesClientConfiguration Read(string path, string? context)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(path))
            throw new StartupException(StartupErrorCodes.KubeconfigMissing, $"{ConfigurationKeys.Kubeconfig}: the file {full} does not exist: give the path of a kubeconfig file.");
        K8SConfiguration? config = null;
        try
        {
            config = KubernetesClientConfiguration.LoadKubeConfig(path);
            RequireContext(config, full, context);
            KubernetesClientConfiguration.ExecTimeout = PluginTimeout;
            var client = KubernetesClientConfiguration.BuildConfigFromConfigFile(path, context);
            // A certificate-authority without a certificate would reject every server without an explanation.
            if (client.SslCaCerts is { Count: 0 })
                throw new CryptographicException("certificate-authority contains no certificate");
            if (!Uri.TryCreate(client.Host, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                throw new StartupException(StartupErrorCodes.KubeconfigInvalid, $"{ConfigurationKeys.Kubeconfig}: {full} has no server with an http or https address.");
            // The client certificate and key are read only when a client is created: fail now rather than later.
            new k8s.Kubernetes(client).Dispose();
            return client;
        }
        catch (Exception e) when (e is not StartupException)
        {
            // The library throws many exception types here (YAML, base64, certificates, missing keys).
            throw ToStartupException(e, config, path, context);
        }
    }

    /// <summary>The first line of an exception's message.</summary>
    public static string FirstLine(Exception e) => e.Message.Split('\n')[0].TrimEnd('.', ' ', '\r');

    private static void RequireContext(K8SConfiguration config, string path, string? wanted)
    {
        string[] known = [.. (config.Contexts ?? []).Select(c => c?.Name).OfType<string>()];
        string? name = wanted ?? config.CurrentContext;
        if (string.IsNullOrEmpty(name) || known.Contains(name))
            return;
        string list = known.Length == 0 ? "it has no contexts" : $"it has {string.Join(", ", known)}";
        throw new StartupException(StartupErrorCodes.KubeconfigContext, wanted is null
            ? $"{ConfigurationKeys.Kubeconfig}: the current-context '{name}' of {path} does not exist ({list}): set {ConfigurationKeys.KubernetesContext}."
            : $"{ConfigurationKeys.KubernetesContext}: there is no context '{name}' in {path} ({list}): choose one of these.");
    }

    private static StartupException ToStartupException(Exception e, K8SConfiguration? config, string path, string? context)
    {
        string advice = $"check it with 'kubectl --kubeconfig {path}{(context is null ? "" : $" --context {context}")} version'.";
        if (PluginOf(config, context) is { } plugin && IsPluginError(e))
        {
            return new StartupException(StartupErrorCodes.KubeconfigPlugin, !IsInstalled(plugin, path)
                ? $"{ConfigurationKeys.Kubeconfig}: the exec plugin '{plugin}' of {path} does not exist: install it on the console's machine, or configure its full path."
                : $"{ConfigurationKeys.Kubeconfig}: the exec plugin '{plugin}' of {path} returned no credentials ({FirstLine(e)}): log in as its provider describes, then {advice}");
        }

        return e is CryptographicException
            ? new StartupException(StartupErrorCodes.KubeconfigCertificate, $"{ConfigurationKeys.Kubeconfig}: a certificate or key in {path} cannot be read ({FirstLine(e)}): {advice}")
            : new StartupException(StartupErrorCodes.KubeconfigInvalid, $"{ConfigurationKeys.Kubeconfig}: {Path.GetFullPath(path)} cannot be used ({FirstLine(e)}): {advice}");
    }

    private static bool IsPluginError(Exception e) => e is Win32Exception or KubeConfigException or System.Text.Json.JsonException or InvalidOperationException;

    private static bool IsInstalled(string plugin, string path)
    {
        IEnumerable<string> folders = plugin.Contains('/')
            ? [Path.GetDirectoryName(Path.GetFullPath(path))!, Environment.CurrentDirectory]
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Any(folder => File.Exists(Path.Combine(folder, plugin)));
    }

    private static string? PluginOf(K8SConfiguration? config, string? context)
    {
        string? user = config?.Contexts?.FirstOrDefault(c => c?.Name == (context ?? config.CurrentContext))?.ContextDetails?.User;
        return config?.Users?.FirstOrDefault(u => u?.Name == user)?.UserCredentials?.ExternalExecution?.Command;
    }
}
