namespace ConntrackConsole.Identity;

/// <summary>The network address of a request, for the audit log.</summary>
internal static class ClientAddress
{
    public static string Of(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unix socket";
}
