using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Identity;

/// <summary>Codes of the answers to requests without a valid session or the right.</summary>
[ReasonCodes("Sign-in")]
internal static class IdentityErrorCodes
{
    [Description("The request has no session, or its session has ended (401).")]
    public const string SignInRequired = "auth.sign_in_required";

    [Description("The session is valid, but its role does not allow the request (403).")]
    public const string Forbidden = "auth.forbidden";
}
