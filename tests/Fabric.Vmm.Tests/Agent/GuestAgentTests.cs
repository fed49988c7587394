using System.Text;
using Fabric.Vmm.Agent;

namespace Fabric.Vmm.Tests.Agent;

public class GuestAgentTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_guest_that_announces_itself_becomes_ready()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = new(guest.HostEnd);
        Assert.False(agent.IsReady);
        Task ready = agent.WaitReadyAsync();
        await guest.GreetAsync();
        await ready.WaitAsync(Limit);
        Assert.True(agent.IsReady);
    }

    [Fact]
    public async Task A_command_arrives_word_for_word_and_its_output_and_status_come_back()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        using MemoryStream output = new();
        using MemoryStream error = new();
        GuestCommand command = new(["sh", "-c", "échø ~}"]) { Directory = "/tmp", Environment = new Dictionary<string, string> { ["A"] = "1" } };
        Task<GuestExit> exec = agent.ExecAsync(command, Into(output), Into(error));

        (byte type, uint id, byte[] payload) = await guest.ReceiveRequestAsync();
        Assert.Equal(0x02, type);
        byte[] word = Encoding.UTF8.GetBytes("échø ~}");
        byte[] expected =
        [
            0,
            .. FakeGuest.Number(3), .. FakeGuest.Number(2), .. "sh"u8, .. FakeGuest.Number(2), .. "-c"u8, .. FakeGuest.Number((uint)word.Length), .. word,
            .. FakeGuest.Number(2), .. FakeGuest.Number(4), .. "/tmp"u8, .. FakeGuest.Number(3), .. "A=1"u8,
        ];
        Assert.Equal(expected, payload);
        await guest.SendAsync(0x83, id, [0x7e, 0x7d, 0, 0xff]);
        await guest.SendAsync(0x84, id, [.. "oops"u8]);
        await guest.SendAsync(0x83, id, [.. "end"u8]);
        await guest.SendAsync(0x85, id, [0, .. FakeGuest.Number(3)]);

        Assert.Equal(new GuestExit(3, 0), await exec.WaitAsync(Limit));
        Assert.Equal([0x7e, 0x7d, 0, 0xff, .. "end"u8], output.ToArray());
        Assert.Equal("oops", Encoding.UTF8.GetString(error.ToArray()));
    }

    [Fact]
    public async Task A_signal_that_ends_a_command_is_reported_as_a_shell_would()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["x"]), Ignore, Ignore);
        (_, uint id, _) = await guest.ReceiveRequestAsync();
        await guest.SendAsync(0x85, id, [1, .. FakeGuest.Number(15)]);
        Assert.Equal(143, (await exec.WaitAsync(Limit)).ShellStatus);
    }

    [Fact]
    public async Task A_command_that_cannot_start_says_why_in_one_line()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["nope"]), Ignore, Ignore);
        (_, uint id, _) = await guest.ReceiveRequestAsync();
        await guest.SendAsync(0x85, id, [2, .. FakeGuest.Number(2), .. "nope: No such\n\u001b[31mfile"u8]);
        GuestAgentException e = await Assert.ThrowsAsync<GuestAgentException>(() => exec.WaitAsync(Limit));
        Assert.Equal("the guest could not start the command: nope: No such  [31mfile", e.Message);
    }

    [Fact]
    public async Task Input_waits_for_the_guest_to_take_it_and_then_ends()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        byte[] data = new byte[GuestAgent.Window + 100_000];
        new Random(7).NextBytes(data);
        using MemoryStream input = new(data);
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["cat"]) { Input = input }, Ignore, Ignore);
        (_, uint id, byte[] request) = await guest.ReceiveRequestAsync();
        Assert.Equal(1, request[0]);

        using MemoryStream received = new();
        while (received.Length < GuestAgent.Window)
            received.Write((await guest.ReceiveRequestAsync()).Payload);
        Assert.Equal(GuestAgent.Window, received.Length);
        await guest.SendAsync(0x88, id, FakeGuest.Number(GuestAgent.Window));
        while (true)
        {
            (byte type, _, byte[] payload) = await guest.ReceiveRequestAsync();
            if (type == 0x04)
                break;
            received.Write(payload);
        }

        Assert.Equal(data, received.ToArray());
        await guest.SendAsync(0x85, id, [0, 0, 0, 0, 0]);
        Assert.Equal(0, (await exec.WaitAsync(Limit)).Status);
    }

    [Fact]
    public async Task Consumed_output_is_acknowledged_byte_for_byte()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        TaskCompletionSource gate = new();
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["x"]), async _ => await gate.Task, Ignore);
        (_, uint id, _) = await guest.ReceiveRequestAsync();
        await guest.SendAsync(0x83, id, new byte[1000]);
        await guest.SendAsync(0x83, id, new byte[234]);
        gate.SetResult();
        (byte first, uint firstId, byte[] firstCount) = await guest.ReceiveAsync();
        (byte second, _, byte[] secondCount) = await guest.ReceiveAsync();
        Assert.Equal((0x09, id, 0x09), (first, firstId, second));
        Assert.Equal(FakeGuest.Number(1000), firstCount);
        Assert.Equal(FakeGuest.Number(234), secondCount);
        await guest.SendAsync(0x85, id, [0, 0, 0, 0, 0]);
        await exec.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_guest_that_overruns_its_window_loses_its_command_and_nothing_else()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        TaskCompletionSource gate = new();
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["x"]), async _ => await gate.Task, Ignore);
        (_, uint id, _) = await guest.ReceiveRequestAsync();
        for (int i = 0; i < 8; i++)
            await guest.SendAsync(0x83, id, new byte[65536]);
        gate.SetResult();
        GuestAgentException e = await Assert.ThrowsAsync<GuestAgentException>(() => exec.WaitAsync(Limit));
        Assert.Contains("more than it may", e.Message, StringComparison.Ordinal);
        Assert.True(agent.IsReady);
    }

    [Fact]
    public async Task Cancelling_kills_the_command_in_the_guest()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        using CancellationTokenSource cancel = new();
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["sleep"]), Ignore, Ignore, cancel.Token);
        (_, uint id, _) = await guest.ReceiveRequestAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => exec.WaitAsync(Limit));
        (byte type, uint killed, byte[] signal) = await guest.ReceiveRequestAsync();
        Assert.Equal((0x05, id), (type, killed));
        Assert.Equal([9], signal);
    }

    [Fact]
    public async Task Commands_run_side_by_side()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        using MemoryStream first = new();
        using MemoryStream second = new();
        Task<GuestExit> a = agent.ExecAsync(new GuestCommand(["a"]), Into(first), Ignore);
        (_, uint idA, _) = await guest.ReceiveRequestAsync();
        Task<GuestExit> b = agent.ExecAsync(new GuestCommand(["b"]), Into(second), Ignore);
        (_, uint idB, _) = await guest.ReceiveRequestAsync();
        await guest.SendAsync(0x83, idB, [2]);
        await guest.SendAsync(0x83, idA, [1]);
        await guest.SendAsync(0x85, idB, [0, .. FakeGuest.Number(20)]);
        Assert.Equal(20, (await b.WaitAsync(Limit)).Status);
        Assert.False(a.IsCompleted);
        await guest.SendAsync(0x85, idA, [0, .. FakeGuest.Number(10)]);
        Assert.Equal(10, (await a.WaitAsync(Limit)).Status);
        Assert.Equal([1], first.ToArray());
        Assert.Equal([2], second.ToArray());
    }

    [Fact]
    public async Task A_guest_that_restarts_cuts_off_what_ran_and_can_be_used_again()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["x"]), Ignore, Ignore);
        await guest.ReceiveRequestAsync();

        Task greeting = guest.SendAsync(0x81, 0, [.. FakeGuest.Number(1), .. new byte[8], .. new byte[8]]);
        GuestAgentException e = await Assert.ThrowsAsync<GuestAgentException>(() => exec.WaitAsync(Limit));
        await greeting;
        Assert.Contains("restarted", e.Message, StringComparison.Ordinal);
        (byte type, uint id, byte[] payload) message;
        do
            message = await guest.ReceiveAsync();
        while (message.type != 0x01);
        await guest.SendAsync(0x81, 0, [.. FakeGuest.Number(1), .. message.payload.AsSpan(4, 8), .. new byte[8]]);
        await agent.WaitReadyAsync().WaitAsync(Limit);
    }

    [Fact]
    public async Task Garbage_between_frames_is_skipped_and_counted()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = new(guest.HostEnd);
        await guest.SendRawAsync([1, 2, 3, 0x7e, 0x7e, 0x83, 0x7d, 0x7e]);
        await guest.SendRawAsync(new byte[200_000]);
        await guest.SendAsync(0x99, 5, [1]);
        await guest.SendAsync(0x85, 77, [0]);
        await guest.SendAsync(0x81, 0, [1]);
        await guest.GreetAsync();
        await agent.WaitReadyAsync().WaitAsync(Limit);
        Assert.Equal(6, agent.Dropped);
    }

    [Fact]
    public async Task Random_bytes_never_end_the_reading()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = new(guest.HostEnd);
        Random random = new(11);
        byte[] bytes = new byte[5000];
        for (int i = 0; i < 200; i++)
        {
            random.NextBytes(bytes);
            for (int j = 0; j < bytes.Length; j += random.Next(1, 40))
                bytes[j] = 0x7e;
            await guest.SendRawAsync(bytes);
        }

        await guest.SendRawAsync([0x7e]);
        await guest.GreetAsync();
        await agent.WaitReadyAsync().WaitAsync(Limit);
    }

    [Fact]
    public async Task Another_version_is_refused_by_name()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = new(guest.HostEnd);
        Task ready = agent.WaitReadyAsync();
        await guest.SendAsync(0x81, 0, [.. FakeGuest.Number(9), .. new byte[16]]);
        GuestAgentException e = await Assert.ThrowsAsync<GuestAgentException>(() => WaitAgainAsync(agent, ready).WaitAsync(Limit));
        Assert.Contains("version 9", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_port_ends_nobody_waits_for_ever()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        Task<GuestExit> exec = agent.ExecAsync(new GuestCommand(["x"]), Ignore, Ignore);
        guest.Close();
        await Assert.ThrowsAsync<GuestAgentException>(() => exec.WaitAsync(Limit));
        await Assert.ThrowsAsync<GuestAgentException>(() => agent.WaitReadyAsync().WaitAsync(Limit));
    }

    [Fact]
    public async Task Power_off_returns_when_the_guest_has_begun()
    {
        using FakeGuest guest = new();
        await using GuestAgent agent = await ReadyAsync(guest);
        Task off = agent.PowerOffAsync();
        (byte type, uint id, byte[] payload) = await guest.ReceiveRequestAsync();
        Assert.Equal(0x07, type);
        Assert.Equal([0], payload);
        Assert.False(off.IsCompleted);
        await guest.SendAsync(0x87, id, []);
        await off.WaitAsync(Limit);
    }

    private static async Task WaitAgainAsync(GuestAgent agent, Task first)
    {
        await first;
        await agent.WaitReadyAsync();
    }

    private static async Task<GuestAgent> ReadyAsync(FakeGuest guest)
    {
        GuestAgent agent = new(guest.HostEnd);
        await guest.GreetAsync();
        await agent.WaitReadyAsync().WaitAsync(Limit);
        return agent;
    }

    private static ValueTask Ignore(ReadOnlyMemory<byte> bytes) => ValueTask.CompletedTask;

    private static Func<ReadOnlyMemory<byte>, ValueTask> Into(MemoryStream stream) => bytes => stream.WriteAsync(bytes);
}
