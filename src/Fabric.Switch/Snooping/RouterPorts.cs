namespace Fabric.Switch.Snooping;

/// <summary>The ports of a VLAN behind which a multicast router has been heard, for one family.</summary>
internal sealed class RouterPorts
{
    private readonly List<(SnoopedPort Port, long Until)> _heard = [];

    /// <summary>In no order, with the time in ms until which each is one.</summary>
    internal List<(SnoopedPort Port, long Until)> List => _heard;

    /// <summary>Learns that a router is behind a port, or that it is not.</summary>
    /// <param name="port">The port.</param>
    /// <param name="now">Time in ms.</param>
    /// <param name="until">How long it is to be believed; at or before <paramref name="now"/> it leaves.</param>
    internal void Hear(SnoopedPort port, long now, long until)
    {
        int i = _heard.FindIndex(heard => heard.Port == port);
        if (until <= now)
        {
            if (i >= 0)
                _heard.RemoveAt(i);
        }
        else if (i < 0)
        {
            _heard.Add((port, until));
        }
        else
        {
            _heard[i] = (port, until);
        }
    }

    internal void Forget(SnoopedPort port) => _heard.RemoveAll(heard => heard.Port == port);

    internal void Expire(long now)
    {
        for (int i = _heard.Count - 1; i >= 0; i--)
        {
            if (_heard[i].Until <= now)
                _heard.RemoveAt(i);
        }
    }
}
