namespace ConntrackConsole.Lab.Incidents;

/// <summary>
/// In which order one graceful end reaches the API server. Several writers take part, so it varies: drawn with the frequencies of 107
/// ends in a 1.36 cluster.
/// </summary>
/// <param name="SliceBeforeMark">The endpoint is terminating before the pod has its deletion mark.</param>
/// <param name="KillingBeforeSlice">The Event Killing comes before the endpoint is terminating.</param>
/// <param name="EndpointBeforePhase">The endpoint leaves before the phase is Succeeded or Failed.</param>
/// <param name="EndpointAfterObject">The endpoint leaves after the object.</param>
internal readonly record struct EndingOrder(bool SliceBeforeMark, bool KillingBeforeSlice, bool EndpointBeforePhase, bool EndpointAfterObject)
{
    private const int Ends = 107, SlicesBeforeMark = 3, KillingsFirst = 35, EndpointsBeforePhase = 5, EndpointsAfterObject = 7;

    public static EndingOrder Draw(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        bool early = random.Next(Ends) < SlicesBeforeMark;
        int leaving = random.Next(Ends);
        return new EndingOrder(
            early, !early && random.Next(Ends) < KillingsFirst, leaving < EndpointsBeforePhase, leaving >= Ends - EndpointsAfterObject);
    }
}
