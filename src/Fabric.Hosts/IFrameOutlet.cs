using Fabric.Link;

namespace Fabric.Hosts;

/// <summary>Where a host's frames go.</summary>
internal interface IFrameOutlet
{
    /// <summary>Unfinished frames that may be sent.</summary>
    FrameOffloads Accepts { get; }

    /// <summary>True while a burst would find room. Who can wait, waits otherwise.</summary>
    bool HasRoom { get; }

    /// <summary>Takes a frame; copies it before it returns, or drops and counts it.</summary>
    /// <param name="frame">Under the host's lock.</param>
    void Send(in Frame frame);
}
