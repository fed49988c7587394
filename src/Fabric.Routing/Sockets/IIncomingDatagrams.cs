namespace Fabric.Routing.Sockets;

/// <summary>Takes what a socket has received.</summary>
public interface IIncomingDatagrams
{
    /// <summary>Takes a burst. Called on the thread that called <see cref="DatagramSocket.Receive"/>.</summary>
    /// <param name="datagrams">Valid during the call only.</param>
    void Accept(ReadOnlySpan<IncomingDatagram> datagrams);
}
