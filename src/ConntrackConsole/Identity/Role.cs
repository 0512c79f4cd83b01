namespace ConntrackConsole.Identity;

/// <summary>Role of a user; each link has one.</summary>
public enum Role
{
    /// <summary>Can see everything and change nothing.</summary>
    Viewer,
    /// <summary>Can request actions and confirm those that require no second person.</summary>
    Operator,
    /// <summary>An operator who can also approve actions of other users.</summary>
    Approver,
    /// <summary>An approver who can also cancel other users' actions and end their sessions.</summary>
    Admin,
    /// <summary>An operator who can act without a second person; every such action is logged as critical.</summary>
    BreakGlass,
}

/// <summary>What a role allows.</summary>
internal static class Rights
{
    public static bool MayAct(this Role role) => role is not Role.Viewer;

    public static bool MayApprove(this Role role) => role is Role.Approver or Role.Admin;

    public static bool MayBreakGlass(this Role role) => role is Role.BreakGlass;

    public static bool MayAdminister(this Role role) => role is Role.Admin;

    /// <summary>Name in the configuration and in the audit log.</summary>
    public static string Name(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Operator => "operator",
        Role.Approver => "approver",
        Role.Admin => "admin",
        _ => "break-glass",
    };

    /// <param name="name">A name that <see cref="Name"/> returns.</param>
    public static Role Parse(string name) => Enum.GetValues<Role>().First(role => role.Name() == name);
}
