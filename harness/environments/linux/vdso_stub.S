# What a process runs in place of its vDSO's clock functions: the real clock, moved along a line.
# Assembled: gcc -c vdso_stub.S && objcopy -O binary -j .text; the bytes stand in vdso.py, a test compares them.
#
# A line says for the true time t (ns): t + offset + ((t - reference) * slope >> 32).
.intel_syntax noprefix
.text
wall:      .quad 0, 0, 0          # offset, reference, slope (Q32)
monotonic: .quad 0, 0, 0
magic:     .ascii "SBCLOCK1"
clock_gettime:
  mov eax, 228
  syscall
  test eax, eax
  jne 1f
  cmp edi, 12                     # also leaves alone the negative ids of processes' own clocks
  jae 1f
  lea r8, [rip + wall]
  mov ecx, 0x821                  # REALTIME 0, REALTIME_COARSE 5, TAI 11
  bt ecx, edi
  jc 2f
  lea r8, [rip + monotonic]
  mov ecx, 0xd2                   # MONOTONIC 1, MONOTONIC_RAW 4, MONOTONIC_COARSE 6, BOOTTIME 7
  bt ecx, edi
  jc 2f
1: ret
2: imul rax, [rsi], 1000000000
  add rax, [rsi + 8]
  mov rcx, rax
  add rcx, [r8]
  sub rax, [r8 + 8]
  imul qword ptr [r8 + 16]
  shrd rax, rdx, 32
  add rax, rcx
  mov ecx, 1000000000
  cqo
  idiv rcx
  mov [rsi], rax
  mov [rsi + 8], rdx
  xor eax, eax
  ret
gettimeofday:
  test rdi, rdi
  je 3f
  push rdi
  push rsi
  sub rsp, 24
  xor edi, edi
  mov rsi, rsp
  call clock_gettime
  mov rax, [rsp + 8]
  mov ecx, 1000
  cqo
  idiv rcx
  mov rdx, [rsp]
  add rsp, 24
  pop rsi
  pop rdi
  mov [rdi], rdx
  mov [rdi + 8], rax
3: test rsi, rsi
  je 4f
  mov qword ptr [rsi], 0
4: xor eax, eax
  ret
time:
  push rdi
  sub rsp, 16
  xor edi, edi
  mov rsi, rsp
  call clock_gettime
  mov rax, [rsp]
  add rsp, 16
  pop rdi
  test rdi, rdi
  je 5f
  mov [rdi], rax
5: ret
