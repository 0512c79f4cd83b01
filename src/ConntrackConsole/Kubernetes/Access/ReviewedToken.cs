namespace ConntrackConsole.Kubernetes.Access;

/// <summary>The account of a token that the API server accepted: status.user of a TokenReview.</summary>
/// <param name="User">Such as olivia@example.com or system:serviceaccount:shop:deployer.</param>
/// <param name="Extra">Further claims; those of a pod's own token name the pod and, since Kubernetes 1.30, its node.</param>
internal sealed record ReviewedToken(string User, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, IReadOnlyList<string>> Extra)
{
    /// <summary>Before the namespace and the name of a service account.</summary>
    public const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>The node of the pod that the token is bound to; null for other tokens, and before Kubernetes 1.30.</summary>
    public string? Node => Single("authentication.kubernetes.io/node-name");

    /// <summary>The pod that the token is bound to, or null.</summary>
    public string? PodUid => Single("authentication.kubernetes.io/pod-uid");

    // Two values for one pod would leave open which one counts.
    private string? Single(string claim) => Extra.GetValueOrDefault(claim) is [{ Length: > 0 } value] ? value : null;
}
