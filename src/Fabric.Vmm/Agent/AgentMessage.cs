namespace Fabric.Vmm.Agent;

/// <summary>Kinds of frames; those from 0x80 on come from the guest.</summary>
internal enum AgentMessage : byte
{
    /// <summary>Starts a session: version (4), nonce (8).</summary>
    Hello = 0x01,

    /// <summary>Starts a command: flags (1), list of arguments, list of working directory and environment.</summary>
    Exec = 0x02,

    /// <summary>Standard input of a command.</summary>
    Input = 0x03,

    /// <summary>End of a command's standard input.</summary>
    InputEnd = 0x04,

    /// <summary>Sends a signal (1) to a command's process group.</summary>
    Kill = 0x05,

    /// <summary>Asks for an echo of the payload.</summary>
    Ping = 0x06,

    /// <summary>Switches the guest off (0) or reboots it (1).</summary>
    Power = 0x07,

    /// <summary>Bytes (4) of a command's output that the host has consumed.</summary>
    OutputTaken = 0x09,

    /// <summary>Answers or announces a session: version (4), the host's nonce (8) or zeroes, instance (8).</summary>
    GuestHello = 0x81,

    /// <summary>Standard output of a command.</summary>
    Output = 0x83,

    /// <summary>Standard error of a command.</summary>
    Error = 0x84,

    /// <summary>A command has ended: kind (1), value (4), text.</summary>
    Exit = 0x85,

    /// <summary>Echo of a ping's payload.</summary>
    Pong = 0x86,

    /// <summary>Answers <see cref="Power"/>.</summary>
    Done = 0x87,

    /// <summary>Bytes (4) of input that a command has consumed.</summary>
    InputTaken = 0x88,
}
