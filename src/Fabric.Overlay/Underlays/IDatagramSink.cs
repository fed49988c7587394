namespace Fabric.Overlay.Underlays;

/// <summary>Takes what an underlay has received.</summary>
public interface IDatagramSink
{
    /// <summary>Takes a burst. Called on the thread that called <see cref="IUnderlay.Receive"/>.</summary>
    /// <param name="datagrams">Valid during the call only.</param>
    void Accept(ReadOnlySpan<ReceivedDatagram> datagrams);
}
