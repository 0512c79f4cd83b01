namespace ConntrackConsole.Collector.Observation.Flows;

/// <content>The group of each flow.</content>
internal sealed partial class FlowTable
{
    /// <summary>Groups all flows again: the Services have changed. One pass over the table (some ms for 250,000 flows).</summary>
    public void Regroup(Grouping grouping)
    {
        ProcessPending();
        _grouping = grouping;
        _groupCache = new GroupCache();
        for (int row = 0; row < _rows.Used; row++)
        {
            ref var state = ref _rows.State(row);
            if ((state.Flags & RowFlags.InUse) == 0)
                continue;
            int before = GroupAt(in state);
            int group = _groups.Of(_grouping.Of(OrigAt(row), ReplyAt(row), (state.Flags & RowFlags.OnlyLooksTranslated) != 0));
            if (group == before)
                continue;
            _groups.Add(before, state.State, -1);
            _groups.Add(group, state.State, +1);
            if (state.Group < 0)
                _replies[~state.Group].Group = group;
            else
                state.Group = group; // Which Services exist has no part in whether a flow is translated, so the reply stays as it was.
        }
    }

    private int GroupAt(in FlowRowState state) => state.Group >= 0 ? state.Group : _replies[~state.Group].Group;
}
