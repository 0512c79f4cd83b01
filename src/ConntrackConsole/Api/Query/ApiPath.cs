namespace ConntrackConsole.Api.Query;

/// <summary>Where the API stands.</summary>
internal static class ApiPath
{
    /// <summary>Every path of this version of the API begins with it.</summary>
    public const string Root = "/api/v1";
}
